// Keeps a page up to date: listens for changes, fetches the page again, and changes only what differs, so that focus,
// scroll position, open details and what is being typed stay. Says so when it has lost touch.

const main = document.querySelector('main');
const contact = document.getElementById('contact');

/** How long nothing may be heard: the service says something every 15 seconds. */
const SILENCE = 40_000;
/** Words like "3 min ago" grow old, milliseconds. */
const STALE = 30_000;

let source = null;
let heardAt = Date.now();
let loadedAt = Date.now();
let lost = false;
let loading = false;
let again = false;

/** Two nodes that stand for the same thing. */
function same(a, b) {
  if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) return false;
  return a.nodeType !== Node.ELEMENT_NODE || (a.id === b.id && a.dataset?.key === b.dataset?.key);
}

/** Makes `to` out of `from`, node by node. */
function morph(from, to) {
  if (from.nodeType === Node.TEXT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !(name === 'open' && from.nodeName === 'DETAILS')) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  const children = [...to.childNodes];
  for (const [at, child] of children.entries()) {
    const here = from.childNodes[at];
    if (here === undefined) from.append(document.importNode(child, true));
    else if (same(here, child)) morph(here, child);
    else here.replaceWith(document.importNode(child, true));
  }
  while (from.childNodes.length > children.length) from.lastChild.remove();
}

/** Rows are rewritten where they stand, so that nothing jumps; the focus goes with what it was on. */
function update(fresh) {
  const focused = document.activeElement;
  const link = focused?.getAttribute('href') ?? null;
  const followed = [...document.querySelectorAll('[data-follow]')].filter(
    (box) => box.scrollTop + box.clientHeight >= box.scrollHeight - 4,
  );
  morph(main, fresh.querySelector('main'));
  document.title = fresh.title;
  for (const box of followed) box.scrollTop = box.scrollHeight;
  if (link === null || !main.contains(focused) || focused.getAttribute('href') === link) return;
  [...main.querySelectorAll('a[href]')]
    .find((other) => other.getAttribute('href') === link)
    ?.focus({ preventScroll: true });
}

async function load() {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  try {
    const answer = await fetch(location.href, {
      headers: { accept: 'text/html' },
      signal: AbortSignal.timeout(10_000),
    });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    update(new DOMParser().parseFromString(await answer.text(), 'text/html'));
    loadedAt = Date.now();
    heard();
  } catch {
    lose();
  } finally {
    loading = false;
    if (again) {
      again = false;
      load();
    }
  }
}

const clock = (at) => `${new Date(at).toISOString().slice(11, 19)} UTC`;

function show(text) {
  if (contact.textContent !== text) contact.textContent = text;
}

function heard() {
  heardAt = Date.now();
  if (lost) document.body.classList.remove('lost');
  lost = false;
  show('connected');
}

function lose() {
  if (lost) return;
  lost = true;
  document.body.classList.add('lost');
  show(`no contact since ${clock(heardAt)}`);
}

function listen() {
  source?.close();
  source = new EventSource('/api/v1/events');
  source.addEventListener('change', (event) => {
    if (event.data !== main.dataset.version || lost) load();
    else heard();
  });
  source.addEventListener('alive', heard);
  source.addEventListener('error', () => {
    lose();
    // After some answers a browser does not try again by itself.
    if (source.readyState === EventSource.CLOSED) retry = Date.now() + 5_000;
  });
}

let retry = null;

function tick() {
  if (document.hidden) return;
  const now = Date.now();
  if (now - heardAt > SILENCE) lose();
  if (retry !== null && now > retry) {
    retry = null;
    listen();
  }
  const every = Number(main.dataset.refresh) || STALE;
  if (!lost && now - loadedAt >= every) load();
}

// A hidden page gives its connection back: browsers have six per service.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) {
    source?.close();
    source = null;
  } else {
    listen();
    load();
  }
});

for (const box of document.querySelectorAll('[data-follow]')) box.scrollTop = box.scrollHeight;
if (!document.hidden) listen();
setInterval(tick, 1_000);
