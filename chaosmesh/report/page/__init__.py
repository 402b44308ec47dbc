"""The pages that chaosmesh writes: one frame, one style sheet, no script."""
