"use strict";
/* The locus of a gene in igv.js, and the rows of the table that are of it. */
{
  const data = JSON.parse(document.getElementById("data").textContent);
  const ids = ["choice", "igv", "said", "gene", "fit"];
  const [choice, box, said, ofGene, ofFit] = ids.map((id) => document.getElementById(id));
  const fields = Object.keys(data.rows);
  const rows = [...document.querySelectorAll("#effects tbody tr")].map((element, number) =>
    Object.fromEntries([["element", element], ...fields.map((name) => [name, data.rows[name][number]])]));
  const headings = [...document.querySelectorAll("#effects th[scope=col]")].map((heading) => heading.textContent);
  /* igv.js asks a server for names that it does not take for a chromosome's, so it gets plain ones. */
  const chrs = new Map(data.chromosomes.map(([name], number) => [name, `c${number}`]));
  const named = ([symbol, id, chrom, tss, strand, start, end]) =>
    ({ symbol, id, chrom, chr: chrs.get(chrom), tss, strand, start, end });
  const [genes, beside] = [data.genes.map(named), data.beside.map(named)];
  let browser = null;
  let drawn = Promise.resolve();

  genes.forEach(({ symbol, id }, number) => ofGene.add(new Option(symbol === id ? id : `${symbol} (${id})`, number)));
  data.fits.forEach((name, number) => ofFit.add(new Option(name, number)));
  ofGene.selectedIndex = ofFit.selectedIndex = 1;
  ofFit.parentElement.hidden = data.fits.length < 2;
  choice.hidden = false;
  choice.addEventListener("submit", (event) => event.preventDefault());
  choice.addEventListener("change", show);
  for (const button of choice.querySelectorAll("button")) button.addEventListener("click", () => move(button.value));
  show();

  function show() {
    const is = (select, number) => select.value === "" || Number(select.value) === number;
    for (const row of rows) row.element.hidden = !(is(ofGene, row.gene) && is(ofFit, row.fit));
    const chosen = rows.filter((row) => !row.element.hidden);
    const gene = genes[ofGene.value === "" ? (chosen[0] ?? rows[0]).gene : Number(ofGene.value)];
    const about = `${gene.symbol}, ${place(gene.chrom, gene.start, gene.end)}`;
    drawn = drawn.then(() => draw(gene, chosen)).then(
      () => { said.textContent = `${about}. ${chosen.length} of ${rows.length} rows in the table.`; },
      (error) => { said.textContent = `The locus cannot be drawn: ${error.message ?? error}`; });
  }

  async function draw(gene, chosen) {
    const fasta = data.chromosomes.map(([name, length]) => `>${chrs.get(name)}:1-1 @len=${length}\nN\n`).join("");
    igv.removeAllBrowsers();
    browser = await igv.createBrowser(box, {
      loadDefaultGenomes: false,
      reference: { fastaURL: `data:text/plain;base64,${btoa(fasta)}`, wholeGenomeView: false },
      locus: place(gene.chr, gene.start, gene.end),
      tracks: tracks(gene, chosen),
      showNavigation: false, showIdeogram: false, showSequence: false,
      showGearColumn: false, showTrackDragHandles: false,
    });
    browser.on("trackclick", (track, found) =>
      found?.filter(({ name }) => name?.startsWith("Name")).map(line).join("") || false);
  }

  function tracks(gene, chosen) {
    const here = chosen.filter((row) => genes[row.gene].chr === gene.chr);
    const far = here.filter((row) => row.arc_start !== null);
    const largest = Math.max(0, ...here.map((row) => Math.abs(row.effect))) || 1;
    const { gain, loss, nothing } = data.colours;
    const range = { min: -1.1 * largest, max: 1.1 * largest };
    const points = { type: "wig", graphType: "points", pointSize: 6, height: 90,
      color: gain, altColor: loss, ...range };
    const drawn = [
      { name: "Genes", type: "annotation", height: 50, displayMode: "COLLAPSED", features: [
        ...beside.filter(({ chr }) => chr === gene.chr).map((each) => mark(each, nothing)),
        ...genes.filter(({ chr }) => chr === gene.chr).map((each) => mark(each, data.colours.gene))] },
      { name: "Effects as arcs", type: "interact", arcType: "proportional", logScale: false, valueColumn: "size",
        height: 170, alpha: 0.03, max: range.max,
        features: far.map((row) => arc(row, Math.abs(row.effect) / largest)) },
      data.alleles
        ? { ...points, name: "Effects of alleles", features: strongest(here, "start", "end", "effect") }
        : { ...points, name: "Effects of bins", features: strongest(far, "start", "end", "effect") },
    ];
    const own = here.filter((row) => row.arc_start === null);
    if (own.length) {
      drawn.push({ ...points, name: "Effects of local windows", features: strongest(own, "start", "end", "effect") });
    }
    const counted = far.filter((row) => row.count !== null);
    if (counted.length) {
      drawn.push({ name: "Contact counts", type: "wig", height: 60, min: 0, color: nothing, windowFunction: "max",
        features: strongest(counted, "arc_start", "arc_end", "count") });
    }
    return drawn;
  }

  function mark({ symbol, chr, tss, strand }, color) {
    return { chr, start: tss - 1, end: tss, strand, color, name: strand === "-" ? `◂ ${symbol}` : `${symbol} ▸` };
  }

  function arc(row, share) {
    const { chr, tss } = genes[row.gene];
    const color = row.effect > 0 ? data.colours.gain : row.effect < 0 ? data.colours.loss : data.colours.nothing;
    return { chr1: chr, start1: tss - 1, end1: tss, chr2: chr, start2: row.arc_start, end2: row.arc_end,
      name: title(row), size: Math.abs(row.effect), color, thickness: 1 + 3 * share };
  }

  /* Of the rows at each place the one with the largest number. */
  function strongest(some, start, end, what) {
    const found = new Map();
    for (const row of some) {
      const at = `${row[start]}-${row[end]}`;
      const { chr } = genes[row.gene];
      const feature = { chr, start: row[start], end: row[end], value: row[what], name: title(row) };
      if (Math.abs(found.get(at)?.value ?? 0) <= Math.abs(feature.value)) found.set(at, feature);
    }
    return [...found.values()].sort((a, b) => a.start - b.start);
  }

  function move(how) {
    if (browser === null) return;
    const { chr, start, end } = browser.referenceFrameList[0];
    const [middle, width] = [(start + end) / 2, end - start];
    const steps = { left: [-width / 3, 1], right: [width / 3, 1], in: [0, 0.5], out: [0, 2] };
    const [shift, scale] = steps[how];
    const [from, to] = [-1, 1].map((side) => Math.max(middle + shift + side * scale * width / 2, 0));
    browser.search(place(chr, from, to));
  }

  function place(chrom, start, end) {
    return `${chrom}:${Math.round(start) + 1}-${Math.round(end)}`;
  }

  /* A row as igv.js names it where it is clicked: its cells up to the effect. */
  function title(row) {
    return [...row.element.cells].slice(0, headings.indexOf("effect") + 1).map((cell) => cell.textContent).join(", ");
  }

  /* Markup of a text, for igv.js, which takes no other. */
  function line({ value }) {
    const element = document.createElement("div");
    element.textContent = value;
    return element.outerHTML;
  }
}
