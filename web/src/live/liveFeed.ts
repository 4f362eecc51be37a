import { liveSocket } from "../socket/socket";
import { LiveFeed } from "./feed";

/** The page's one feed. */
export const liveFeed = new LiveFeed(liveSocket);
