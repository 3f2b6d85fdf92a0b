"""effect_sd and sign_agrees against an explicit inverse and scikit-learn's Ridge, from spex train to the tables."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from published_models import write_effects
from refusals import refuse
from sklearn.linear_model import Ridge

import spex
from spex.commands import elements, train, variants
from spex.effects.inputs import open_inputs
from spex.effects.uncertainty import Uncertainty
from spex.errors import InputError
from spex.files.sealed import load_array, save_array
from spex.reports import fit_figures
from spex.runs import records
from spex.runs.known_fits import OF_FOLDS, find_known

PENALTIES = [0.5, 20.0]
BOTH = ["effect_sd", "sign_agrees"]


def read_table(path):
    return pd.read_csv(path, sep="\t", keep_default_na=False, na_values=[""])


@pytest.fixture
def trained(filled, world, tmp_path, monkeypatch):
    """A data folder of eleven genes, two tissues, and a function that trains ridge on them with more options."""
    genes = pd.read_csv(world.genes).dropna().query("type != 'rRNA' and seqnames != 'chrX'")
    more = genes[genes["seqnames"] == "chr9"].iloc[[0, 0]]
    more = more.assign(id=["N0", "N1"], symbol=["N0", "N1"], CAGE_representative_TSS=[21_000.0, 47_000.0])
    genes = pd.concat([genes, more]).sort_values("seqnames")
    genes.to_csv(tmp_path / "genes.csv", index=False)
    made = filled("--contact_rule", "corrected", "--genes_filename", tmp_path / "genes.csv")
    expression = np.random.default_rng(3).lognormal(4, 1, (len(genes), 2))
    table = pd.DataFrame(expression, columns=["Liver", "Lung"], index=pd.Index(genes["id"], name="id"))
    (tmp_path / "parameters.json").write_text(json.dumps({"penalties": PENALTIES}))
    monkeypatch.setattr(train, "draw_missing", lambda *_: None)
    monkeypatch.setattr(fit_figures, "draw_summary", lambda path: None)

    def fit(*extra, left_out=()):
        table.drop(index=list(left_out)).to_csv(tmp_path / "expression.csv")
        argv = ["--data_folder", made.folder.root, "--genes_filename", tmp_path / "genes.csv", "--model", "ridge"]
        argv += ["--gene_expression_filename", tmp_path / "expression.csv", "--target_index", "all"]
        assert train.main([*map(str, argv), "--params", str(tmp_path / "parameters.json"), *extra]) == 0

    rows = []
    for chrom, letters in world.sequences.items():
        for pos in np.random.default_rng(1).integers(1, len(letters), 9).tolist():
            if (ref := letters[pos - 1]) in "ACGT":
                rows.append((chrom, pos, ref, "ACGT"[("ACGT".index(ref) + 1) % 4]))
    made.alleles = pd.DataFrame(rows, columns=["#CHROM", "POS", "REF", "ALT"])
    made.alleles.insert(2, "ID", [f"v{number}" for number in range(len(rows))])
    made.vcf = tmp_path / "some.vcf"
    lines = made.alleles.assign(QUAL=".", FILTER=".", INFO=".").to_csv(sep="\t", index=False)
    made.vcf.write_text(f"##fileformat=VCFv4.2\n{lines}")
    made.where = {"genome": world.genome, "network": world.checkpoint, "device": "cpu", "cache": tmp_path / "cache"}
    made.fit, made.expression = fit, table
    return made


class Oracle:
    """What scikit-learn and explicit inverses say of one fit of `trained`."""

    def __init__(self, made, fit):
        genes = made.inputs.genes
        self.chroms = genes["chrom"].to_numpy(str)
        self.features = np.stack([load_array(made.folder.tensor_path(gene)) for gene in genes["id"]]).astype(float)
        self.observed = np.log(made.expression.loc[genes["id"], fit.tissue].to_numpy() + 0.0001)
        self.coefficients = fit.fit.coefficients
        self.penalty = records.read_record(fit.folder)["chosen"]["penalty"]

    def standardised(self, over):
        mean, scale = self.features[over].mean(axis=0), self.features[over].std(axis=0)
        scale[scale == 0] = 1
        return (self.features - mean) / scale, scale

    def deviations(self, changes):
        """By an explicit inverse of (genes, genes); test_ridge_posterior has that of (width, width). The noise variance
        is k y'(XX' + k I)^-1 y / (n - 1)."""
        mine = self.chroms != "chr8"
        values, scale = self.standardised(mine)
        values, seen = values[mine], self.observed[mine] - self.observed[mine].mean()
        inverse, changes = np.linalg.inv(values @ values.T + self.penalty * np.eye(len(values))), changes / scale
        noise, moved = self.penalty * seen @ inverse @ seen / (len(seen) - 1), changes @ values.T
        return np.sqrt(noise * ((changes**2).sum(axis=1) - (moved @ inverse * moved).sum(axis=1)) / self.penalty)

    def fold_effects(self, changes):
        """Effects through each fold, fitted anew with the penalty of the least error on the next chromosome."""
        values, scale = self.standardised(slice(None))
        chroms, effects = sorted(set(self.chroms)), []
        for number, chrom in enumerate(chroms):
            watched = self.chroms == chroms[(number + 1) % len(chroms)]
            mine = ~watched & (self.chroms != chrom)
            fits = [Ridge(penalty).fit(values[mine], self.observed[mine]) for penalty in PENALTIES]
            errors = [np.mean((fit.predict(values[watched]) - self.observed[watched]) ** 2) for fit in fits]
            effects.append(changes / scale @ fits[int(np.argmin(errors))].coef_)
        return np.array(effects)

    def check(self, changes, table, effect):
        """table: rows of some changes of tensors, in any order. effect: column of their effects."""
        table = table.sort_values(effect, kind="stable")
        changes = changes[np.argsort(changes @ self.coefficients, kind="stable")]
        np.testing.assert_allclose(table[effect], changes @ self.coefficients, rtol=1e-6, atol=1e-12)
        np.testing.assert_allclose(table["effect_sd"], self.deviations(changes), rtol=1e-5)
        agree = (np.sign(self.fold_effects(changes)) == np.sign(table[effect].to_numpy())).mean(axis=0)
        np.testing.assert_allclose(table["sign_agrees"], np.where(table[effect] == 0, np.nan, agree), rtol=1e-7)
        return set(agree)


def test_both_are_what_direct_fits_give(trained, tmp_path, monkeypatch):
    """Of alleles, contacted bins and local windows; what `Uncertainty` is asked about is caught on the way."""
    trained.fit()
    trained.fit("--cv", "chromosomes")
    fits = open_inputs(trained.folder.root, trained.inputs.sources, (), ["L*"], linear=True).fits
    width, seen, of = trained.inputs.settings.width, [], Uncertainty.of

    def caught(self, changes, effects, columns=None):
        whole = np.zeros((len(changes), width))
        whole[:, slice(changes.shape[1]) if columns is None else columns] = changes
        seen.append(whole)
        return of(self, changes, effects, columns)

    monkeypatch.setattr(Uncertainty, "of", caught)
    found = {
        "effect": spex.variant_effects(
            trained.vcf, trained.folder.root, targets="L*", uncertainty=True, **trained.where
        ),
        "Score": spex.element_effects(
            trained.folder.root, targets="L*", own_windows=True, uncertainty=True, **trained.where
        ),
    }
    shares = set()
    for effect, table in found.items():
        rows = len(table) // 2
        changes = np.concatenate(seen)[:rows] if effect == "effect" else np.concatenate(seen)[-rows:]
        for fit in fits:
            shares |= Oracle(trained, fit).check(changes, table[table["model"] == fit.name], effect)
    assert [fit.tissue for fit in fits] == ["Liver", "Lung"] and len(shares) > 2
    assert set(found["effect"]["path"]) >= {"own", "contact"} and set(found["Score"]["class"]) == {"own", "contact"}

    argv = [str(trained.vcf), *trained.argv, "--target", "L*", "--out", str(tmp_path / "out")]
    annotated = tmp_path / "annotated.vcf"
    assert variants.main([*argv, "--uncertainty", "--block_size", "4", "--vcf_out", str(annotated)]) == 0
    written = read_table(tmp_path / "out/effects.tsv")
    pd.testing.assert_frame_equal(written, found["effect"], check_dtype=False, rtol=1e-8, atol=1e-12)
    best = written.loc[written["effect"].abs().groupby([written["variant_id"], written["gene_id"]]).idxmax()]
    expected = {f"{row.effect_sd:.4g}|{row.sign_agrees:.4g}" for row in best.itertuples()}
    entries = [entry for line in annotated.read_text().splitlines() if "SPEX=" in line for entry in line.split(",")]
    assert {entry.split("|", 7)[-1] for entry in entries} == expected

    seen.clear()
    shifts = dict.fromkeys((0, 800), np.random.default_rng(2).normal(size=(len(trained.alleles), 2002)))
    files = [str(path) for path in write_effects(tmp_path / "shifts", shifts)]
    argv = [str(trained.vcf), str(trained.folder.root), "--target", "L*", "--out", str(tmp_path / "by_files")]
    assert variants.main([*argv, "--uncertainty", "--effects", *files]) == 0
    table = read_table(tmp_path / "by_files/effects.tsv")
    for fit in fits:
        Oracle(trained, fit).check(np.concatenate(seen), table[table["model"] == fit.name], "effect")


def test_what_is_not_kept_leaves_the_columns_empty_and_says_why(trained, tmp_path, capsys):
    trained.fit(left_out=["N1"])
    capsys.readouterr()

    def run(*extra):
        assert elements.main([*trained.argv, "--out", str(tmp_path / "out"), "--uncertainty", *extra]) == 0
        table = read_table(tmp_path / "out/elements.tsv")
        known = table.groupby("tissue")[BOTH].agg(lambda column: column.notna().all()).astype(bool)
        assert (table.groupby("tissue")[BOTH].agg(lambda column: column.notna().any()) == known).all(axis=None)
        lines = [line for line in capsys.readouterr().err.splitlines() if " is empty for " in line]
        return known, sorted(line.split(" ", 2)[-1] for line in lines)

    known, lines = run()
    assert known["effect_sd"].to_dict() == {"Liver": True, "Lung": True, "Tissue 1": False, "Tissue 2": False}
    assert not known["sign_agrees"].any()
    assert len(lines) == 2
    assert lines[0].startswith("effect_sd is empty for 2 models (such as 1-made_ridge): what it was trained on")
    assert lines[1].startswith("sign_agrees is empty for 4 models") and "--cv chromosomes" in lines[1]
    (genes,) = trained.folder.results.glob("genes_*.json")
    genes.unlink()  # of an earlier version: which gene had no expression is then unknown
    trained.fit(left_out=["N1"])
    assert genes.exists() and run("--target", "L*")[0]["effect_sd"].all()
    genes.unlink()
    known, lines = run("--target", "L*")
    assert not known.any(axis=None) and lines[0].startswith("effect_sd is empty for 2 models")

    trained.fit()
    genes = [*trained.folder.results.glob("genes_*.json")]
    assert len(genes) == 1
    genes[0].unlink()  # all genes were used, and the hash of their tensors says so
    names = [path.name for path in trained.folder.results.glob("*-Li*")]
    capsys.readouterr()
    newest = max(names, key=lambda name: (trained.folder.results / name).stat().st_mtime_ns)
    assert run("--model", newest)[0]["effect_sd"].all()
    tensor = trained.folder.tensor_path("G4")
    save_array(tensor, load_array(tensor) + np.float32(1))
    known, lines = run("--model", newest)
    assert not known.any(axis=None) and "run its spex train command again" in lines[0]

    capsys.readouterr()
    other = replace(trained.inputs.fits[0], model="gblinear")
    (known,) = find_known([other])
    assert known.trained_on is None and not known.folds
    said = [line.split(": ")[-1] for line in capsys.readouterr().err.splitlines()]
    assert said == 2 * ["it is of gblinear, and only ridge has it"]

    argv = [str(trained.vcf), *trained.argv, "--out", str(tmp_path / "variants")]
    assert variants.main(argv) == 0
    assert read_table(tmp_path / "variants/effects.tsv")[BOTH].isna().all(axis=None)
    capsys.readouterr()
    refuse(capsys, variants.main, [*argv, "--uncertainty"], "uncertainty differ from those that this folder was made")


def test_folds_of_another_expression_are_not_taken(trained, monkeypatch):
    """The column that was read is a setting of a fit only where it was named."""
    trained.fit()
    trained.fit("--cv", "chromosomes")
    fits = open_inputs(trained.folder.root, trained.inputs.sources, (), ["L*"], linear=True).fits
    assert all(each.folds for each in find_known(fits))
    read_all = records.read_all

    def others(results):
        found = read_all(results)
        for record in found.values():
            if record["settings"].items() >= OF_FOLDS.items():
                record["settings"] |= {"expression_value": "NumReads"}
        return found

    monkeypatch.setattr(records, "read_all", others)
    assert not any(each.folds for each in find_known(fits))


def test_a_penalty_of_the_contacts_is_known_with_its_residuals(trained):
    trained.fit("--neighbour_penalties", "3.0", "none")
    fits = open_inputs(trained.folder.root, trained.inputs.sources, (), ["L*"], linear=True).fits
    assert len(fits) == 2
    for fit, known in zip(fits, find_known(fits), strict=True):
        on, genes = known.trained_on, trained.inputs.genes
        assert on.neighbours == trained.inputs.settings.layout.neighbours
        np.testing.assert_array_equal(genes["id"].isin(np.array(on.ids)[on.rows]), genes["chrom"] != "chr8")
        seen = np.log(trained.expression.loc[np.array(on.ids)[on.rows], fit.tissue].to_numpy() + 0.0001)
        residuals = fit.fit.predict(on.read()[on.rows]) - seen
        np.testing.assert_allclose(known.rmse, np.sqrt(np.mean(residuals**2)), rtol=1e-6)
        out = not fit.fit.coefficients[-on.neighbours :].any()
        assert (known.penalties.neighbour == "none") == out and known.penalties.penalty in PENALTIES
    save_array(trained.folder.tensor_path("G4"), load_array(trained.folder.tensor_path("G3")))
    with pytest.raises(InputError, match="its tensors have changed since this run began"):
        on.read()
