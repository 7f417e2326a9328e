// Gives what does not fit: text that is cut, covers another or leaves the page.
(() => {
	const bad = [];
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) bad.push('page is ' + document.documentElement.scrollWidth + ' wide, not ' + width);
	for (const e of document.body.querySelectorAll('*')) {
		if (e.closest('caption,.skip,.defs,script,select,svg,details:not([open])') || !e.getClientRects().length) continue;
		const r = e.getBoundingClientRect();
		if (r.right > width + 1 || r.left < -1) bad.push('outside: ' + e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
		if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline') bad.push('cut: ' + e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 40));
	}
	for (const s of document.querySelectorAll('svg.picture')) {
		if (!s.getClientRects().length) continue;
		const f = s.getBoundingClientRect(), seen = [];
		for (const t of s.querySelectorAll('text')) {
			const r = t.getBoundingClientRect();
			if (r.left < f.left || r.right > f.right + 1 || r.top < f.top || r.bottom > f.bottom + 1) bad.push('drawn outside: ' + t.textContent);
			if (seen.some(o => o.left < r.right - 1 && r.left < o.right - 1 && o.top < r.bottom - 3 && r.top < o.bottom - 3)) bad.push('drawn over another: ' + t.textContent);
			seen.push(r);
		}
	}
	const seen = [];
	for (const e of document.querySelectorAll('h1,h2,h3,p,dd,dt,td,tbody th,.figure,.what,.more,.quiet')) {
		if (!e.getClientRects().length || e.closest('.skip,.tools,details:not([open])')) continue;
		const r = e.getBoundingClientRect();
		for (const o of seen.slice(-40)) if (!o[0].contains(e) && o[1].left < r.right - 1 && r.left < o[1].right - 1 && o[1].top < r.bottom - 1 && r.top < o[1].bottom - 1) bad.push('overlap: ' + e.textContent.slice(0, 30) + ' / ' + o[0].textContent.slice(0, 30));
		seen.push([e, r]);
	}
	return bad;
})()
