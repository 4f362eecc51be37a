import { expect, it } from "vitest";
import { ACTS } from "../api/acts";
import { byTopic } from "./topics";

it("every act stands once, under what it is about", () => {
  const topics = byTopic();
  expect(topics.flatMap(({ acts }) => acts.map(({ act }) => act)).sort()).toEqual([...ACTS].sort());
  expect(topics.map(({ topic }) => topic)).not.toContain("Other");
  const topicOf = (act: string) => topics.find(({ acts }) => acts.some((each) => each.act === act))?.topic;
  expect([topicOf("sign-in-settings-changed"), topicOf("sign-photo-added"), topicOf("second-look-switched")]).toEqual([
    "Signing in",
    "Site policy and training",
    "Alerts and incidents",
  ]);
});
