import * as Radix from "@radix-ui/react-tabs";
import type { ReactNode } from "react";

export interface Tab {
  key: string;
  title: string;
  content: ReactNode;
}

/** Parts of a page of which one is shown; arrows move between them. */
export function Tabs({ label, tabs, value, choose }: { label: string; tabs: readonly Tab[]; value: string; choose: (key: string) => void }) {
  return (
    <Radix.Root value={value} onValueChange={choose}>
      <Radix.List className="tabs" aria-label={label}>
        {tabs.map(({ key, title }) => (
          <Radix.Trigger key={key} value={key} className="tab" data-testid={`tab-${key}`}>
            {title}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {tabs.map(({ key, content }) => (
        <Radix.Content key={key} value={key} className="tab-content">
          {content}
        </Radix.Content>
      ))}
    </Radix.Root>
  );
}
