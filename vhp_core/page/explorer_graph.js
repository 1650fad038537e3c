  // ---- paths through a latent space: what LatentGraph and resample do ------------------------

  function distance(a, b) {
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum += (a[k] - b[k]) ** 2;
    return Math.sqrt(sum);
  }

  // Of points with as many numbers each as z, one after another, the one nearest to z.
  function nearest(points, z) {
    let best = 0, least = Infinity;
    for (let i = 0; i < points.length; i += z.length) {
      let far = 0;
      for (let k = 0; k < z.length; k++) far += (points[i + k] - z[k]) ** 2;
      if (far < least) [best, least] = [i / z.length, far];
    }
    return best;
  }

  // Edges come once each: for node i as many as degrees[i] says, to the nodes that follow. An edge
  // weighs its length to the power of the graph.
  function readGraph({ nodes, degrees, neighbours, power }, dim) {
    const points = floats(nodes), count = points.length / dim;
    const [few, many] = [degrees, neighbours].map((text) => new Uint16Array(bytesOf(text).buffer));
    const at = (i) => Array.from(points.subarray(dim * i, dim * (i + 1)));
    const places = Array.from({ length: count }, (_, i) => at(i));
    const edges = places.map(() => []); // node -> [node, weight] ...
    for (let i = 0, e = 0; i < count; i++) {
      for (const last = e + few[i]; e < last; e++) {
        const weight = distance(places[i], places[many[e]]) ** power;
        edges[i].push([many[e], weight]);
        edges[many[e]].push([i, weight]);
      }
    }
    return { count, points, edges, at };
  }

  // The corners of the path of least weight from one point to another, with both; null if the
  // nodes nearest to them are not joined. Dijkstra's algorithm with a binary heap.
  function shortestPath(graph, from, to) {
    const start = nearest(graph.points, from), end = nearest(graph.points, to);
    const cost = new Float64Array(graph.count).fill(Infinity);
    const before = new Int32Array(graph.count).fill(-1);
    const heap = [[0, start]]; // [cost, node], the least first
    cost[start] = 0;
    while (heap.length) {
      const [so_far, node] = pop(heap);
      if (node === end) break;
      if (so_far > cost[node]) continue; // a dearer way to a node that is settled
      for (const [next, weight] of graph.edges[node]) {
        if (so_far + weight < cost[next]) {
          cost[next] = so_far + weight;
          before[next] = node;
          push(heap, [cost[next], next]);
        }
      }
    }
    if (cost[end] === Infinity) return null;
    const corners = [to];
    for (let node = end; node !== -1; node = before[node]) corners.push(graph.at(node));
    return [...corners, from].reverse();
  }

  function push(heap, item) {
    let i = heap.push(item) - 1;
    for (let up = (i - 1) >> 1; i > 0 && heap[up][0] > item[0]; i = up, up = (i - 1) >> 1) heap[i] = heap[up];
    heap[i] = item;
  }

  function pop(heap) {
    const top = heap[0], item = heap.pop();
    if (!heap.length) return top;
    let i = 0;
    for (let child = 1; child < heap.length; child = 2 * i + 1) {
      if (child + 1 < heap.length && heap[child + 1][0] < heap[child][0]) child++;
      if (heap[child][0] >= item[0]) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = item;
    return top;
  }

  // The point at a share (0 to 1) of a polyline's length.
  function pointAlong(corners, share) {
    const lengths = corners.slice(1).map((corner, i) => distance(corners[i], corner));
    let left = share * lengths.reduce((sum, length) => sum + length, 0);
    for (let i = 0; i < lengths.length; i++) {
      if (left <= lengths[i] && lengths[i] > 0) {
        const part = left / lengths[i];
        return corners[i].map((from, k) => from + part * (corners[i + 1][k] - from));
      }
      left -= lengths[i];
    }
    return corners[corners.length - 1];
  }
