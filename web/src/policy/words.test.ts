import { expect, test } from "vitest";
import { distinct, named } from "./words";

test("what is on is named in a fixed order", () => {
  expect(named({ re_identification: true, face: true, gait: false })).toBe("Face comparison, Following across cameras");
  expect(named({ re_identification: false, face: false, gait: false })).toBe("Nothing");
});

test("a gap of two switches is told once", () => {
  const gap = { field: "legal_basis" as const, why: "Say why." };
  expect(distinct([{ ...gap, switch: "face" }, { ...gap, switch: "gait" }, { ...gap, switch: "gait", why: "Other." }])).toHaveLength(2);
});
