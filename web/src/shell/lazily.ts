import { lazy, type ComponentType, type LazyExoticComponent } from "react";

/** A page whose code is loaded when it is first shown: `lazily(() => import("./x/XPage"), "XPage")`. */
export function lazily<K extends string>(load: () => Promise<Record<K, ComponentType>>, name: K): LazyExoticComponent<ComponentType> {
  return lazy(async () => ({ default: (await load())[name] }));
}
