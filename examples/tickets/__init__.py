"""About 300 tickets to Larkfield, each with what an honest, careful company would do: the demonstration's exam."""
