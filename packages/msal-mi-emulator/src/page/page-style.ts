/** Style sheet of the journal page. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #16202c; --quiet: #55616f; --line: #d9dee5; --focus: #0b63ce;
  --imds: #0b63ce; --maa: #7a3fb5; --token: #a14a00; --resource: #0a7061;
  --ok: #156c33; --ok-soft: #e2f4e8; --bad: #a8182f; --bad-soft: #fde7ea; --cut: #7a4b00; --cut-soft: #fdf0d6;
  --mono: ui-monospace, SFMono-Regular, Consolas, 'DejaVu Sans Mono', monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #10151c; --card: #182029; --ink: #e6ebf1; --quiet: #9fadbb; --line: #2c3743; --focus: #7db4ff;
    --imds: #7db4ff; --maa: #cfa3ff; --token: #ffb27a; --resource: #6fdcc8;
    --ok: #86dfa2; --ok-soft: #15301f; --bad: #ff9aa9; --bad-soft: #3a1a21; --cut: #f3c46b; --cut-soft: #35290f;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, 'Segoe UI', sans-serif; }
main, header, footer { max-width: 1180px; margin: 0 auto; padding: 0 24px; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: 4px 16px; padding-top: 28px; }
h1 { margin: 0; font-size: 22px; letter-spacing: -0.01em; }
header p { margin: 0; color: var(--quiet); }
#connection { margin-left: auto; padding: 2px 12px; border-radius: 99px; font-size: 13px; font-weight: 600; background: var(--cut-soft); color: var(--cut); }
#connection.live { background: var(--ok-soft); color: var(--ok); }
code, pre, .mono { font-family: var(--mono); font-size: 13px; }
.legs { display: grid; grid-template-columns: repeat(4, 1fr); gap: 14px; margin: 20px 0; padding: 0; list-style: none; }
.legs li { position: relative; padding: 14px 16px; background: var(--card); border: 1px solid var(--line); border-top: 3px solid var(--leg); border-radius: 8px; min-width: 0; }
.legs li + li::before { content: '\\2192'; position: absolute; left: -14px; width: 14px; text-align: center; top: 50%; transform: translateY(-50%); color: var(--quiet); font-size: 13px; }
.legs h2 { margin: 0; font-size: 14px; color: var(--leg); }
.legs .url { display: block; color: var(--quiet); font-size: 12px; overflow-wrap: anywhere; }
.legs .url span { color: var(--ink); }
.legs .note { margin: 8px 0 0; font-size: 12px; color: var(--quiet); overflow-wrap: anywhere; }
footer { padding-bottom: 32px; color: var(--quiet); font-size: 13px; }
.legs .count { margin: 8px 0 0; font-size: 13px; }
.legs .count b { font-size: 20px; font-variant-numeric: tabular-nums; }
.legs .refused { color: var(--bad); }
.imds { --leg: var(--imds); } .maa { --leg: var(--maa); } .token { --leg: var(--token); } .resource { --leg: var(--resource); }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: 10px; margin: 0 0 12px; }
.bar input[type='search'] { flex: 1 1 220px; }
input[type='search'], select, button { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 6px 10px; }
button { cursor: pointer; }
button[aria-pressed='true'] { background: var(--cut-soft); color: var(--cut); border-color: var(--cut); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 1px; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 8px; margin-bottom: 40px; }
table { width: 100%; min-width: 780px; border-collapse: collapse; }
th { text-align: left; font-size: 12px; font-weight: 600; color: var(--quiet); padding: 8px 12px; border-bottom: 1px solid var(--line); white-space: nowrap; }
td { padding: 7px 12px; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
tr.entry:hover td { background: color-mix(in srgb, var(--focus) 6%, transparent); }
.time, .ms { white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--quiet); }
.ms { text-align: right; }
.leg { color: var(--leg); font-weight: 600; white-space: nowrap; }
.open { all: unset; cursor: pointer; display: block; overflow-wrap: anywhere; font-family: var(--mono); font-size: 13px; }
.open:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
.open::before { content: '\\25B8'; display: inline-block; width: 14px; color: var(--quiet); }
.open[aria-expanded='true']::before { content: '\\25BE'; }
.why { display: block; margin-left: 14px; color: var(--quiet); font-size: 13px; overflow-wrap: anywhere; }
.status { display: inline-block; min-width: 44px; padding: 0 8px; border-radius: 4px; text-align: center; font-weight: 600; font-variant-numeric: tabular-nums; background: var(--ok-soft); color: var(--ok); }
.status.bad { background: var(--bad-soft); color: var(--bad); }
.status.cut { background: var(--cut-soft); color: var(--cut); }
.certificate { white-space: nowrap; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 6px; }
.none { color: var(--quiet); }
.detail > td { background: var(--paper); padding: 14px 26px 18px; }
.detail h3 { margin: 12px 0 4px; font-size: 12px; color: var(--quiet); text-transform: none; }
.detail h3:first-child { margin-top: 0; }
.detail pre { margin: 0; padding: 10px 12px; background: var(--card); border: 1px solid var(--line); border-radius: 6px; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 360px; overflow: auto; }
.match { color: var(--ok); font-weight: 600; } .mismatch { color: var(--bad); font-weight: 600; }
.empty { padding: 36px 24px; color: var(--quiet); }
.empty pre { color: var(--ink); background: var(--paper); padding: 12px; border-radius: 6px; overflow-x: auto; }
@media (max-width: 820px) {
  .legs { grid-template-columns: repeat(2, 1fr); }
  .legs li + li::before { content: none; }
}
`;
