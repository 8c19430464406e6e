/** What `npm run check` asks of every page: links and anchors that lead somewhere, and guides that can be read. */
import { relative, sep } from 'node:path';
import gfm from 'remark-gfm';
import validateLinks from 'remark-validate-links';

const MOST_LINES_OF_A_PARAGRAPH = 5;
const MOST_LINES_OF_A_PAGE = 200;
/** Looked up, not read from beginning to end. */
const REFERENCE =
  /^(\.changeset\/|etc\/|docs\/(api\/|discoveries\/|architecture|configuration|errors|protocol)|packages\/msal-mi-emulator\/WIRE)/;

/** Anchors that are written as HTML (`<a id="d1"></a>` in docs/protocol.md), in the form in which the validator knows ids. */
function htmlAnchors() {
  return (tree) => {
    for (const node of nodesOf(tree)) {
      const [, id] = (node.type === 'html' && /^<a id="([^"]+)">$/.exec(node.value)) || [];
      if (id !== undefined) node.data = { hProperties: { id } };
    }
  };
}

/** Own code: no plug-in of remark-lint counts the lines of a paragraph. */
function readable() {
  return (tree, file) => {
    const page = relative(import.meta.dirname, file.path).replaceAll(sep, '/');
    if (REFERENCE.test(page)) return;
    const lines = tree.position.end.line - 1;
    if (lines > MOST_LINES_OF_A_PAGE) file.message(`${lines} lines: a page has at most ${MOST_LINES_OF_A_PAGE}`);
    for (const { type, position } of nodesOf(tree)) {
      if (type !== 'paragraph') continue;
      const count = position.end.line - position.start.line + 1;
      if (count > MOST_LINES_OF_A_PARAGRAPH) {
        file.message(`${count} lines: a paragraph has at most ${MOST_LINES_OF_A_PARAGRAPH}`, position);
      }
    }
  };
}

function* nodesOf(node) {
  yield node;
  for (const child of node.children ?? []) yield* nodesOf(child);
}

// The repository has no address of its own yet: links to it are relative.
export default {
  plugins: [gfm, htmlAnchors, readable, [validateLinks, { repository: false, root: import.meta.dirname }]],
};
