"""GA4GH data access broker. Start reading at docs/TOUR.md, then broker/core/decision."""
