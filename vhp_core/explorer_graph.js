  // ---- paths through a latent space: what LatentGraph and resample do ------------------------

  function distance(a, b) {
    return Math.sqrt((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2);
  }

  // Of points x1, y1, x2, y2 ... the one nearest to (x, y).
  function nearest(points, x, y) {
    let best = 0, least = Infinity;
    for (let i = 0; i < points.length; i += 2) {
      const right = points[i] - x, up = points[i + 1] - y, far = right * right + up * up;
      if (far < least) [best, least] = [i / 2, far];
    }
    return best;
  }

  // Edges come once each: for node i as many as degrees[i] says, to the nodes that follow.
  function readGraph({ nodes, degrees, neighbours, weights }) {
    const points = floats(nodes), count = points.length / 2;
    const [few, many] = [degrees, neighbours].map((text) => new Uint16Array(bytesOf(text).buffer));
    const lengths = floats(weights);
    const edges = Array.from({ length: count }, () => []); // node -> [node, weight] ...
    for (let i = 0, e = 0; i < count; i++) {
      for (const last = e + few[i]; e < last; e++) {
        edges[i].push([many[e], lengths[e]]);
        edges[many[e]].push([i, lengths[e]]);
      }
    }
    return { count, points, edges, at: (i) => [points[2 * i], points[2 * i + 1]] };
  }

  // The corners of the path of least weight from one point to another, with both; null if the
  // nodes nearest to them are not joined. Dijkstra's algorithm with a binary heap.
  function shortestPath(graph, from, to) {
    const start = nearest(graph.points, ...from), end = nearest(graph.points, ...to);
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
        return [0, 1].map((k) => corners[i][k] + part * (corners[i + 1][k] - corners[i][k]));
      }
      left -= lengths[i];
    }
    return corners[corners.length - 1];
  }
