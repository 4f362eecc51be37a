import * as Radix from "@radix-ui/react-dropdown-menu";
import { Check } from "lucide-react";
import type { ReactNode } from "react";

/** A button that opens a list of acts or choices; arrows, Home, End, Esc and typing work. `trigger` is a <button>. */
export function Menu({ trigger, children, label }: { trigger: ReactNode; children: ReactNode; label: string }) {
  return (
    // Not modal: locking the page's scroll would need inline styles, which the content security policy forbids.
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className="menu" sideOffset={6} collisionPadding={8} aria-label={label}>
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

export function MenuItem({ onSelect, children, disabled = false }: { onSelect: () => void; children: ReactNode; disabled?: boolean }) {
  return (
    <Radix.Item className="menu-item" onSelect={onSelect} disabled={disabled}>
      {children}
    </Radix.Item>
  );
}

/** One of several, with a heading. */
export function MenuChoice<T extends string>({ title, of, value, choose }: { title: string; of: Readonly<Record<T, string>>; value: T; choose: (value: T) => void }) {
  return (
    <Radix.RadioGroup value={value} onValueChange={(chosen) => choose(chosen as T)}>
      <Radix.Label className="menu-label">{title}</Radix.Label>
      {(Object.entries(of) as [T, string][]).map(([key, text]) => (
        <Radix.RadioItem key={key} className="menu-item" value={key}>
          <span className="menu-mark">
            <Radix.ItemIndicator>
              <Check size={15} aria-hidden="true" />
            </Radix.ItemIndicator>
          </span>
          {text}
        </Radix.RadioItem>
      ))}
    </Radix.RadioGroup>
  );
}

/** Something that is on or off; the menu stays open. */
export function MenuCheck({ on, set, children }: { on: boolean; set: (on: boolean) => void; children: ReactNode }) {
  return (
    <Radix.CheckboxItem className="menu-item" checked={on} onCheckedChange={set} onSelect={(event) => event.preventDefault()}>
      <span className="menu-mark">
        <Radix.ItemIndicator>
          <Check size={15} aria-hidden="true" />
        </Radix.ItemIndicator>
      </span>
      {children}
    </Radix.CheckboxItem>
  );
}
