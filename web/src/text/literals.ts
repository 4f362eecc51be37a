/** Finds words in a page's source that no catalogue holds. For the test beside it; the pages never load it. */
import ts from "typescript";

export interface Literal {
  line: number;
  text: string;
}

/** Attributes whose text people read or hear. */
const READ = new Set(["aria-label", "title", "placeholder", "alt", "label", "act", "sentence", "summary", "legend"]);
/** Calls whose strings are names, not words. */
const NAMES = /^(t|useLoad|useKept|ask|everything|fetch|URL|Error|press|formatter|importScripts|lazily|catalogue|.*\.(get|has|set|test|startsWith|endsWith|includes|split|join|replace|replaceAll|append|querySelector|querySelectorAll|closest|getContext|addEventListener|removeEventListener|setAttribute|hasOwn|padStart|send|log|warn|error|matchMedia|createElement|removeItem|setItem|getItem))$/;
const UNREAD_PROPERTIES = new Set(["testId", "className", "path", "es", "method", "type", "queryKey", "mode", "cache", "credentials", "data-testid", "font", "gridTemplateColumns"]);

/** Two words with a space between them, or one that begins like a sentence. */
const WORDS = /[\p{L}]{2,}[,.:;…]? +[\p{L}({]|^[\p{Lu}][\p{Ll}]{2,}[….:]?$/u;
/** Style classes, selectors, units of measure, names that are the same in every language. */
const NO_WORDS = /^[a-z0-9-]+$|^[a-z0-9 ]*[a-z0-9]-[a-z0-9 -]*$|^[\w.-]*[:/#][\w./-]*$|system-ui|\(prefers|^rtsp:|_\w+, /;
const OWN_NAMES = /^(SMS|CSV|SHA-256|Français|Webhook|Slack|Microsoft Teams|English|Deutsch|PennyProtect|pennyprotect [a-z ]+|Edge|Opera|Firefox|Chrome|Safari|Android|Windows|Mac|Linux|Delete|Backspace|Enter|Escape|Arrow\w+|Content-Type)$/;

export function literalsIn(file: string, source: string): Literal[] {
  const root = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true, file.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const found: Literal[] = [];
  const note = (node: ts.Node, text: string) => found.push({ line: root.getLineAndCharacterOfPosition(node.getStart()).line + 1, text: text.trim().replace(/\s+/g, " ") });
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) {
      if (/\p{L}{2}/u.test(node.text) && !OWN_NAMES.test(node.text.trim())) note(node, node.text);
    } else if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const text = ts.isTemplateExpression(node) ? [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("{}") : node.text;
      if (isRead(node, text)) note(node, text);
    }
    ts.forEachChild(node, visit);
  };
  visit(root);
  return found;
}

function isRead(node: ts.Node, text: string): boolean {
  for (let child = node, at = node.parent; at; child = at, at = at.parent) {
    if (ts.isImportDeclaration(at) || ts.isTypeNode(at) || ts.isThrowStatement(at) || ts.isCaseClause(at)) return false;
    if (ts.isJsxAttribute(at)) return READ.has(at.name.getText()) && /\p{L}{2}/u.test(text.replaceAll("{}", "")) && !/^[a-z]+([.-][a-z]+)+$/.test(text) && !NO_WORDS.test(text);
    if (ts.isJsxExpression(at) && !ts.isJsxAttribute(at.parent)) return /\p{L}{2}/u.test(text) && !OWN_NAMES.test(text) && !isCompared(node);
    if (ts.isPropertyAssignment(at) && (at.name === child || UNREAD_PROPERTIES.has(at.name.getText().replaceAll('"', "")))) return false;
    if ((ts.isElementAccessExpression(at) && at.argumentExpression === child) || isCompared(child)) return false;
    if ((ts.isCallExpression(at) || ts.isNewExpression(at)) && at.expression !== child && NAMES.test(at.expression.getText())) return false;
    if (ts.isFunctionLike(at)) break;
  }
  return WORDS.test(text) && !NO_WORDS.test(text) && !OWN_NAMES.test(text);
}

function isCompared(node: ts.Node): boolean {
  for (let child = node, at = node.parent; at && !ts.isJsxExpression(at) && !ts.isStatement(at); child = at, at = at.parent) {
    if (ts.isBinaryExpression(at) && at.operatorToken.kind >= ts.SyntaxKind.EqualsEqualsToken && at.operatorToken.kind <= ts.SyntaxKind.ExclamationEqualsEqualsToken) return true;
    if (ts.isCallExpression(at) && at.expression !== child) return true;
    if (ts.isElementAccessExpression(at) && at.argumentExpression === child) return true;
    if (ts.isJsxAttribute(at)) return true;
  }
  return false;
}
