"""DRS 1.5.0 (GA4GH Data Repository Service): identifiers, and the JSON of single objects."""
