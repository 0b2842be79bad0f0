"""Languages by the codes that CC-100 writes, with ISO 639-3, script, and the label that fastText's model has for them.

The list is CC-100's (Alexis Conneau et al., "Unsupervised Cross-lingual Representation Learning at Scale", ACL 2020,
appendix A) without its romanised doubles. One regional form that sources tell apart is added: `pt-BR`.
"""

from dataclasses import dataclass

from pipelines.datasets.errors import UserError

# code, ISO 639-3, ISO 15924, English name, fastText's label where it is not the code ("-": it has none)
_TABLE = """
af afr Latn Afrikaans
am amh Ethi Amharic
ar ara Arab Arabic
as asm Beng Assamese
az aze Latn Azerbaijani
be bel Cyrl Belarusian
bg bul Cyrl Bulgarian
bn ben Beng Bengali
br bre Latn Breton
bs bos Latn Bosnian
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
ff ful Latn Fulah -
fi fin Latn Finnish
fr fra Latn French
fy fry Latn Frisian
ga gle Latn Irish
gd gla Latn Gaelic
gl glg Latn Galician
gn grn Latn Guarani
gu guj Gujr Gujarati
ha hau Latn Hausa -
he heb Hebr Hebrew
hi hin Deva Hindi
hr hrv Latn Croatian
ht hat Latn Haitian
hu hun Latn Hungarian
hy hye Armn Armenian
id ind Latn Indonesian
ig ibo Latn Igbo -
is isl Latn Icelandic
it ita Latn Italian
ja jpn Jpan Japanese
jv jav Latn Javanese
ka kat Geor Georgian
kk kaz Cyrl Kazakh
km khm Khmr Khmer
kn kan Knda Kannada
ko kor Kore Korean
ku kmr Latn Kurdish
ky kir Cyrl Kyrgyz
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
mn mon Cyrl Mongolian
mr mar Deva Marathi
ms msa Latn Malay
my mya Mymr Burmese
ne nep Deva Nepali
nl nld Latn Dutch
no nor Latn Norwegian
ns nso Latn Northern_Sotho -
om orm Latn Oromo -
or ori Orya Odia
pa pan Guru Punjabi
pl pol Latn Polish
ps pus Arab Pashto
pt por Latn Portuguese
pt-BR por Latn Brazilian_Portuguese pt
qu que Latn Quechua
rm roh Latn Romansh
ro ron Latn Romanian
ru rus Cyrl Russian
sa san Deva Sanskrit
sc srd Latn Sardinian
sd snd Arab Sindhi
si sin Sinh Sinhala
sk slk Latn Slovak
sl slv Latn Slovenian
so som Latn Somali
sq sqi Latn Albanian
sr srp Cyrl Serbian
ss ssw Latn Swati -
su sun Latn Sundanese
sv swe Latn Swedish
sw swa Latn Swahili
ta tam Taml Tamil
te tel Telu Telugu
th tha Thai Thai
tl tgl Latn Tagalog
tn tsn Latn Tswana -
tr tur Latn Turkish
ug uig Arab Uyghur
uk ukr Cyrl Ukrainian
ur urd Arab Urdu
uz uzb Latn Uzbek
vi vie Latn Vietnamese
wo wol Latn Wolof -
xh xho Latn Xhosa -
yi yid Hebr Yiddish
yo yor Latn Yoruba
zh-Hans zho Hans Chinese_(Simplified) zh
zh-Hant zho Hant Chinese_(Traditional) zh
zu zul Latn Zulu -
"""

# what sources write for a code of the table
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


@dataclass(frozen=True)
class Language:
    """A language: `code` as CC-100 writes it, `iso639_3`, `script` (ISO 15924), `name`, and fastText's label or ""."""

    code: str
    iso639_3: str
    script: str
    name: str
    label: str


def _parse(line: str) -> Language:
    code, iso, script, name, *label = line.split()
    return Language(code, iso, script, name.replace("_", " "), label[0].strip("-") if label else code)


LANGUAGES = {language.code: language for language in map(_parse, _TABLE.strip().splitlines())}


def canonical(code: str) -> str:
    """Return the code as CC-100 writes it (`nb` → `no`, `zh_TW` → `zh-Hant`).

    Raises UserError for a language that is not in the table.
    """
    written = code.replace("_", "-")
    known = _ALIASES.get(written, written)
    if known not in LANGUAGES:
        raise UserError(f"{code!r} is not a language that Polyloom knows; add it to pipelines/text/languages.py")
    return known


def label_of(code: str) -> str:
    """Return what fastText's model calls the language `code`: "" where it does not know it."""
    language = LANGUAGES.get(code)
    return code if language is None else language.label


def may_be(declared: str, identified: str) -> bool:
    """Return whether a text declared to be in one language may be what was identified.

    True where the model says so, where it knows no such language, or where it found nothing.
    """
    label = label_of(declared)
    return not label or not identified or label == label_of(identified)
