-- A camera's floor in metres: four corners of a rectangle on it, as seen in the picture, and the lengths of two sides. Expand only.

ALTER TABLE cameras ADD COLUMN floor jsonb CHECK (jsonb_typeof(floor) = 'object');  -- {"corners": [[x, y] * 4], "first_m", "second_m"}

GRANT SELECT (floor) ON cameras TO pennyprotect_pipeline;
