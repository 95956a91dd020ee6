"""Finds paths, flows, colours and communities in graphs, and reads GraphML."""

OLD = ["networkx==2.8.8", "numpy==1.26.4", "scipy==1.11.4"]
NEW = ["networkx==3.5", "numpy==2.3.5", "scipy==1.16.3"]
CODE = "-"

import io

import networkx as nx


def work():
    graph = nx.karate_club_graph()
    flow = nx.DiGraph()
    flow.add_edge("s", "a", capacity=3)
    flow.add_edge("a", "t", capacity=2)
    file = io.BytesIO()
    nx.write_graphml(nx.path_graph(3), file)
    return [
        nx.__version__,
        nx.shortest_path(graph, 16, 24),
        nx.maximum_flow_value(flow, "s", "t"),
        round(sum(nx.pagerank(graph).values()), 6),
        sorted(map(len, nx.community.greedy_modularity_communities(graph))),
        nx.read_graphml(io.BytesIO(file.getvalue())).number_of_edges(),
        sorted(nx.adjacency_matrix(nx.path_graph(3)).toarray().sum(0).tolist()),
    ]
