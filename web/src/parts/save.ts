/** Browsers read what is saved after the click: its address stays for so long. */
const READ_WITHIN_MS = 60_000;

/** Saves a file of this name where the browser puts downloads. */
export function saveAs(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), READ_WITHIN_MS);
}
