import { useEffect, useState } from "react";

/** Whether pictures fill the screen, and the way in and out; the browser's own Esc ends it too. */
export function useWall(): [boolean, (on: boolean) => Promise<void>] {
  const [on, setOn] = useState(document.fullscreenElement !== null);
  useEffect(() => {
    const changed = () => setOn(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => {
      document.removeEventListener("fullscreenchange", changed);
      delete document.documentElement.dataset["wall"];
      if (document.fullscreenElement) void document.exitFullscreen();
    };
  }, []);
  useEffect(() => {
    if (on) document.documentElement.dataset["wall"] = "on";
    else delete document.documentElement.dataset["wall"];
  }, [on]);
  const become = async (next: boolean) => {
    // Where the browser refuses the whole screen, the pictures still get the whole window.
    if (next) await document.documentElement.requestFullscreen().catch(() => undefined);
    else if (document.fullscreenElement) await document.exitFullscreen();
    setOn(next);
  };
  return [on, become];
}
