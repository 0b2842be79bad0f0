"""Languages by the codes that CC-100 writes, with ISO 639-3, script, and the label that fastText's model has for them.

The list is CC-100's (Alexis Conneau et al., "Unsupervised Cross-lingual Representation Learning at Scale", ACL 2020,
appendix A) with its romanised doubles and Burmese in the Zawgyi font's encoding. One regional form that sources tell
apart is added: `pt-BR`.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from pipelines.datasets.errors import UserError

# code, ISO 639-3, ISO 15924 (the usual script first), English name, the label that fastText's model of 176 languages
# has where it is not the code ("-": it has none)
_TABLE: Final = """
af afr Latn Afrikaans
am amh Ethi Amharic
ar ara Arab Arabic
as asm Beng Assamese
az aze Latn,Cyrl,Arab Azerbaijani
be bel Cyrl Belarusian
bg bul Cyrl Bulgarian
bn ben Beng Bengali
bn_rom ben Latn Bengali_(romanised) -
br bre Latn Breton
bs bos Latn,Cyrl Bosnian
ca cat Latn Catalan
cs ces Latn Czech
cy cym Latn Welsh
da dan Latn Danish
de deu Latn German
el ell Grek Greek
en eng Latn English
eo epo Latn Esperanto
es spa Latn Spanish
et est Latn Estonian
eu eus Latn Basque
fa fas Arab Persian
ff ful Latn,Adlm,Arab Fulah -
fi fin Latn Finnish
fr fra Latn French
fy fry Latn Frisian
ga gle Latn Irish
gd gla Latn Gaelic
gl glg Latn Galician
gn grn Latn Guarani
gu guj Gujr Gujarati
ha hau Latn,Arab Hausa -
he heb Hebr Hebrew
hi hin Deva Hindi
hi_rom hin Latn Hindi_(romanised) -
hr hrv Latn Croatian
ht hat Latn Haitian
hu hun Latn Hungarian
hy hye Armn Armenian
id ind Latn Indonesian
ig ibo Latn Igbo -
is isl Latn Icelandic
it ita Latn Italian
ja jpn Jpan,Hani Japanese
jv jav Latn,Java Javanese
ka kat Geor Georgian
kk kaz Cyrl,Latn,Arab Kazakh
km khm Khmr Khmer
kn kan Knda Kannada
ko kor Kore Korean
ku kmr Latn,Arab,Cyrl Kurdish
ky kir Cyrl,Latn,Arab Kyrgyz
la lat Latn Latin
lg lug Latn Ganda -
li lim Latn Limburgish
ln lin Latn Lingala -
lo lao Laoo Lao
lt lit Latn Lithuanian
lv lav Latn Latvian
mg mlg Latn Malagasy
mk mkd Cyrl Macedonian
ml mal Mlym Malayalam
mn mon Cyrl,Mong Mongolian
mr mar Deva Marathi
ms msa Latn,Arab Malay
my mya Mymr Burmese
my_zaw mya Mymr Burmese_(Zawgyi) -
ne nep Deva Nepali
nl nld Latn Dutch
no nor Latn Norwegian
ns nso Latn Northern_Sotho -
om orm Latn Oromo -
or ori Orya Odia
pa pan Guru,Arab Punjabi
pl pol Latn Polish
ps pus Arab Pashto
pt por Latn Portuguese
pt-BR por Latn Brazilian_Portuguese pt
qu que Latn Quechua
rm roh Latn Romansh
ro ron Latn,Cyrl Romanian
ru rus Cyrl Russian
sa san Deva Sanskrit
sc srd Latn Sardinian
sd snd Arab,Deva Sindhi
si sin Sinh Sinhala
sk slk Latn Slovak
sl slv Latn Slovenian
so som Latn Somali
sq sqi Latn Albanian
sr srp Cyrl,Latn Serbian
ss ssw Latn Swati -
su sun Latn,Sund Sundanese
sv swe Latn Swedish
sw swa Latn Swahili
ta tam Taml Tamil
ta_rom tam Latn Tamil_(romanised) -
te tel Telu Telugu
te_rom tel Latn Telugu_(romanised) -
th tha Thai Thai
tl tgl Latn Tagalog
tn tsn Latn Tswana -
tr tur Latn Turkish
ug uig Arab,Latn,Cyrl Uyghur
uk ukr Cyrl Ukrainian
ur urd Arab Urdu
ur_rom urd Latn Urdu_(romanised) -
uz uzb Latn,Cyrl,Arab Uzbek
vi vie Latn Vietnamese
wo wol Latn Wolof -
xh xho Latn Xhosa -
yi yid Hebr Yiddish
yo yor Latn Yoruba
zh-Hans zho Hans,Hani Chinese_(Simplified)
zh-Hant zho Hant,Hani Chinese_(Traditional)
zu zul Latn Zulu -
"""

# what sources write for a code of the table
_REGION: Final = re.compile("[A-Z]{2}|[0-9]{3}", re.IGNORECASE)  # RFC 5646, section 2.2.4
_ALIASES = {
    "nb": "no",
    "nb-NO": "no",
    "iw": "he",
    "in": "id",
    "fil": "tl",
    "zh-CN": "zh-Hans",
    "zh-SG": "zh-Hans",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
    "pt-PT": "pt",
}


# the scripts of the other labels that fastText's model has
_OTHERS: Final = """
als:Latn an:Latn arz:Arab ast:Latn av:Cyrl azb:Arab ba:Cyrl bar:Latn bcl:Latn bh:Deva bo:Tibt bpy:Beng bxr:Cyrl cbk:Latn
ce:Cyrl ceb:Latn ckb:Arab co:Latn cv:Cyrl diq:Latn dsb:Latn dty:Deva dv:Thaa eml:Latn frr:Latn gom:Deva,Latn gv:Latn
hif:Latn hsb:Latn ia:Latn ie:Latn ilo:Latn io:Latn jbo:Latn krc:Cyrl kv:Cyrl kw:Latn lb:Latn lez:Cyrl lmo:Latn lrc:Arab
mai:Deva mhr:Cyrl min:Latn,Arab mrj:Cyrl msa:Latn,Arab mt:Latn mwl:Latn myv:Cyrl mzn:Arab nah:Latn nap:Latn nds:Latn
new:Deva nn:Latn oc:Latn os:Cyrl pam:Latn pfl:Latn pms:Latn pnb:Arab rue:Cyrl sah:Cyrl scn:Latn sco:Latn sh:Latn,Cyrl
tg:Cyrl,Latn,Arab tk:Latn,Cyrl,Arab tt:Cyrl,Latn tyv:Cyrl vec:Latn vep:Latn vls:Latn vo:Latn wa:Latn war:Latn
wuu:Hans,Hant,Hani xal:Cyrl xmf:Geor yue:Hans,Hant,Hani zh:Hans,Hant,Hani
"""

# ISO 639-3 of single languages that models tell (NLLB, OpenLID, GlotLID, heliport) whose macrolanguage the table has
_INDIVIDUALS: Final = """
arb:ara azj:aze cmn:zho ekk:est fil:tgl fuv:ful gaz:orm gug:grn khk:mon lvs:lav nob:nor npi:nep ory:ori pbt:pus pes:fas
plt:mlg quy:que quz:que src:srd swh:swa uzn:uzb ydd:yid zsm:msa
"""

# groups of languages, and Tosk Albanian, where fastText's own `als` is Alemannic
_OTHER_LABELS: Final = {"hbs": "sh", "hbs_Latn": "sh", "msa": "msa", "als_Latn": "sq"}

# what agrees with more than one language: Chinese in characters that both scripts have, Serbo-Croatian, and Malay as
# heliport writes it
_EITHER: Final = {"zh": ("zh-Hans", "zh-Hant"), "sh": ("sr", "hr", "bs"), "msa": ("ms", "id")}


@dataclass(frozen=True)
class Language:
    """A language: `code` as CC-100 writes it, `iso639_3`, `scripts` (ISO 15924), `name`, and fastText's label or ""."""

    code: str
    iso639_3: str
    scripts: tuple[str, ...]
    name: str
    label: str

    @property
    def script(self) -> str:
        """The usual script."""
        return self.scripts[0]


def _parse(line: str) -> Language:
    code, iso, scripts, name, *label = line.split()
    known = label[0].strip("-") if label else code
    return Language(code, iso, tuple(scripts.split(",")), name.replace("_", " "), known)


LANGUAGES = {language.code: language for language in map(_parse, _TABLE.strip().splitlines())}


def canonical(code: str) -> str:
    """Return the code as CC-100 writes it (`nb` → `no`, `zh_TW` → `zh-Hant`, `EN-us` → `en`).

    A region is left out where it tells no forms apart. Raises UserError for a language that is not in the table.
    """
    if code in LANGUAGES:
        return code
    language, *subtags = code.replace("_", "-").lower().split("-")
    subtags = [tag.upper() if _REGION.fullmatch(tag) else tag.title() for tag in subtags]
    for tags in (subtags, [tag for tag in subtags if not _REGION.fullmatch(tag)]):
        written = "-".join([language, *tags])
        known = _ALIASES.get(written, written)
        if known in LANGUAGES:
            return known
    raise UserError(f"{code!r} is not a language that Polyloom knows; add it to pipelines/text/languages.py")


def label_of(code: str) -> str:
    """Return what is identified where a text is in `code`: "" where fastText's model of 176 languages cannot tell."""
    language = LANGUAGES.get(code)
    return code if language is None else language.label


def may_be(declared: str, identified: str) -> bool:
    """Return whether a text declared to be in one language may be what was identified.

    True where the model says so, where it knows no such language, or where it found nothing; Chinese in characters that
    both scripts have agrees with both, Serbo-Croatian with Serbian, Croatian and Bosnian, heliport's `msa` with Malay
    and Indonesian.
    """
    label = label_of(declared)
    return not label or not identified or label == label_of(identified) or declared in _EITHER.get(identified, ())


@cache
def code_of_label(label: str) -> str:
    """Return our code for what a model calls a language.

    Known are the labels of fastText's model of 176 languages (`en`, `zh`), ISO 639-3 (`eng`, as heliport writes it) and
    ISO 639-3 with script (`eng_Latn`, as the models of NLLB, OpenLID and GlotLID write it). Chinese is `zh` unless the
    label says which script. Any other label stays as it is.
    """
    iso, _, script = label.partition("_")
    if label in _OTHER_LABELS:
        return _OTHER_LABELS[label]
    iso = dict(pair.split(":") for pair in _INDIVIDUALS.split()).get(iso, iso)
    if iso == "zho":
        return f"zh-{script}" if script in ("Hans", "Hant") else "zh"
    for language in LANGUAGES.values():
        if language.iso639_3 == iso and (not script or script in language.scripts):
            return language.code
    return label


@cache
def scripts_of(code: str) -> frozenset[str]:
    """Return the scripts (ISO 15924) that a code, or a label of fastText's that is none, is written in.

    None where that is not known; a label such as `tgk_Cyrl` says it itself.
    """
    if code in LANGUAGES:
        return frozenset(LANGUAGES[code].scripts)
    others = dict(entry.split(":") for entry in _OTHERS.split())
    if code in others:
        return frozenset(others[code].split(","))
    script = code.partition("_")[2]
    return frozenset({script} if len(script) == 4 else ())
