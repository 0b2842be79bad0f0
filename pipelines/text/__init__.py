"""What is done to text and measured in it: plain functions, arrays in, arrays out."""
