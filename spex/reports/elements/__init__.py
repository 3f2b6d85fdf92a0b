"""What is written about a gene's elements: a table, tracks for genome browsers, a picture of each gene."""
