// Everything is on the page without this script: it sorts, filters and
// remembers. It asks for nothing and writes no markup.
(function () {
  'use strict';
  var doc = document, root = doc.documentElement;
  var all = function (query, from) { return Array.prototype.slice.call((from || doc).querySelectorAll(query)); };
  // A page from a file may have no storage, and shares what it has with others.
  function memory(storage, prefix) {
    return {
      get: function (key) { try { return window[storage].getItem(prefix + key); } catch (e) { return null; } },
      set: function (key, value) { try { window[storage].setItem(prefix + key, value); } catch (e) { return; } }
    };
  }
  var always = memory('localStorage', 'clearbind.'), here = memory('sessionStorage', 'clearbind.' + location.pathname + '.');

  // Theme: that of the system, light or dark.
  var themes = ['system', 'light', 'dark'], button = doc.getElementById('theme');
  function theme(name) {
    if (themes.indexOf(name) < 0) { name = 'system'; }
    if (name === 'system') { root.removeAttribute('data-theme'); } else { root.setAttribute('data-theme', name); }
    doc.getElementById('theme-name').textContent = name;
    button.setAttribute('data-now', name);
  }
  theme(always.get('theme'));
  button.hidden = false;
  button.addEventListener('click', function () {
    var next = themes[(themes.indexOf(button.getAttribute('data-now')) + 1) % themes.length];
    theme(next);
    always.set('theme', next);
  });

  // Tables that are drawn as cards on a narrow screen stay tables for a reader.
  var tables = all('table.rows');
  [['thead,tbody', 'rowgroup'], ['tr', 'row'], ['td', 'cell'], ['thead th', 'columnheader'], ['tbody th', 'rowheader']].forEach(function (r) {
    tables.forEach(function (t) { all(r[0], t).forEach(function (e) { e.setAttribute('role', r[1]); }); });
  });
  tables.forEach(function (t) { t.setAttribute('role', 'table'); });

  // Sorting. Stable, so that two clicks sort by two columns.
  var words = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
  var severities = ['', 'info', 'low', 'medium', 'high', 'critical'];
  var urgencies = ['ready', 'unknown', 'refused-already', 'refused'], openness = ['', 'tls', 'sasl-sealed', 'sasl-signed', 'none'];
  var keys = {
    num: function (text) { return parseInt(text.replace(/,/g, ''), 10) || 0; },
    sev: function (text, row) { return severities.indexOf(row.dataset.s); },
    verdict: function (text, row) { return urgencies.indexOf(row.dataset.v); },
    prot: function (text, row) { return openness.indexOf(row.dataset.p); }
  };
  function sort(table, column, way) {
    var heads = all('thead th', table), kind = keys[heads[column].getAttribute('data-type')], body = table.tBodies[0];
    var rows = Array.prototype.map.call(body.rows, function (row) {
      var text = row.cells[column].textContent.trim();
      return [kind ? kind(text, row) : text, row];
    });
    rows.sort(function (a, b) { return way * (kind ? a[0] - b[0] : words.compare(a[0], b[0])); });
    rows.forEach(function (r) { body.appendChild(r[1]); });
    heads.forEach(function (h, i) { h.setAttribute('aria-sort', i !== column ? 'none' : way > 0 ? 'ascending' : 'descending'); });
    here.set('sort.' + table.id, column + ' ' + way);
  }
  tables.forEach(function (table) {
    all('thead th', table).forEach(function (head, column) {
      var b = doc.createElement('button');
      b.type = 'button';
      b.textContent = head.textContent;
      head.textContent = '';
      head.appendChild(b);
      head.setAttribute('aria-sort', 'none');
      b.addEventListener('click', function () {
        var now = head.getAttribute('aria-sort'), falling = head.hasAttribute('data-type');
        sort(table, column, now === 'ascending' ? -1 : now === 'descending' ? 1 : falling ? -1 : 1);
      });
    });
    var old = (here.get('sort.' + table.id) || '').split(' ');
    if (old.length === 2 && +old[0] < table.tHead.rows[0].cells.length) { sort(table, +old[0], +old[1] < 0 ? -1 : 1); }
    var p = doc.createElement('p');
    p.className = 'nomatch';
    p.hidden = true;
    p.textContent = 'No row matches.';
    table.parentNode.insertBefore(p, table.nextSibling);
  });

  // Filters. A table without a property is not filtered by it.
  var tools = doc.getElementById('tools'), find = doc.getElementById('find'), status = doc.getElementById('status');
  var by = { p: doc.getElementById('by-p'), s: doc.getElementById('by-s'), v: doc.getElementById('by-v') };
  var texts = new WeakMap();
  function textOf(row) {
    var text = texts.get(row);
    if (text === undefined) { text = row.textContent.toLowerCase(); texts.set(row, text); }
    return text;
  }
  function passes(row, terms) {
    var d = row.dataset;
    if (by.p.value && d.p !== undefined && d.p !== by.p.value) { return false; }
    if (by.v.value && d.v !== undefined && d.v !== by.v.value) { return false; }
    if (by.s.value && d.s !== undefined && severities.indexOf(d.s) < severities.indexOf(by.s.value)) { return false; }
    return terms.every(function (term) { return textOf(row).indexOf(term) >= 0; });
  }
  function filter() {
    var terms = find.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0, sum = 0;
    tables.forEach(function (table) {
      var left = 0;
      Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
        sum++;
        row.hidden = !passes(row, terms);
        if (!row.hidden) { left++; }
      });
      shown += left;
      table.nextSibling.hidden = left > 0;
    });
    var active = terms.length > 0 || by.p.value || by.s.value || by.v.value;
    status.textContent = active ? shown.toLocaleString('en') + ' of ' + sum.toLocaleString('en') + ' rows' : '';
    if (active) { all('details').forEach(function (d) { d.open = true; }); }
    here.set('filter', [find.value, by.p.value, by.s.value, by.v.value].join('\n'));
  }
  all('details').forEach(function (d, i) {
    d.open = here.get('open.' + i) === 'yes';
    d.addEventListener('toggle', function () { here.set('open.' + i, d.open ? 'yes' : 'no'); });
  });
  var was = (here.get('filter') || '').split('\n');
  if (was.length === 4) { find.value = was[0]; by.p.value = was[1]; by.s.value = was[2]; by.v.value = was[3]; }
  tools.hidden = false;
  filter();
  // A live page loads itself again: whoever is typing goes on typing.
  if (root.hasAttribute('data-live')) {
    if (here.get('typing') === 'yes') {
      find.focus({ preventScroll: true });
      find.setSelectionRange(find.value.length, find.value.length);
    }
    window.addEventListener('pagehide', function () { filter(); here.set('typing', doc.activeElement === find ? 'yes' : 'no'); });
  }
  var waiting;
  find.addEventListener('input', function () { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  tools.addEventListener('change', filter);
  tools.addEventListener('reset', function () { setTimeout(filter); });
  tools.addEventListener('submit', function (e) { e.preventDefault(); filter(); });
})();
