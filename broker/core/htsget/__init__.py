"""htsget 1.3.0 (GA4GH retrieval of reads and variants by region): from a request to the bytes that answer it."""
