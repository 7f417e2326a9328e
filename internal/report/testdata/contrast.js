// Gives text whose contrast with what is behind it is below WCAG 2.2 AA (1.4.3).
(() => {
	const numbers = c => (c.match(/[\d.]+/g) || []).map(Number);
	const light = c => {
		const [r, g, b] = c.map(v => (v /= 255, v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	const behind = e => {
		for (; e; e = e.parentElement) {
			const c = numbers(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] > 0) return c;
		}
		return [255, 255, 255];
	};
	const bad = new Set();
	for (const e of document.body.querySelectorAll('*')) {
		if (e.closest('svg,script,caption,.skip,option') || !e.getClientRects().length) continue;
		if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim())) continue;
		const style = getComputedStyle(e), a = light(numbers(style.color).slice(0, 3)), b = light(behind(e).slice(0, 3));
		const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && +style.fontWeight >= 700;
		if (contrast < (large ? 3 : 4.5)) bad.add(contrast.toFixed(2) + ' ' + e.tagName + '.' + e.className + ' ' + style.color);
	}
	return [...bad];
})()
