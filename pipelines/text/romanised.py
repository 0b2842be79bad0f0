"""Hindi, Urdu, Tamil, Telugu and Bengali in Latin letters, as CC-100 tells them apart: `hi_rom`, `ur_rom`, `ta_rom`, ….

fastText's model knows these languages in their own scripts alone and calls their romanised lines English, Italian,
Indonesian and more. There is no standard spelling, but the function words are few and stand in every sentence. The
lists are of our own making: common spellings, without words that are frequent in other languages of Latin script.
"""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

# Hindi and Urdu share their grammar; what only one of them has tells them apart.
_HINDI_URDU = """
hai hain hein nahi nahin nahee kya kyaa kyun kyon kyunki kyonki kyunke mein mujhe tujhe usse isse aap hum tum unka unki
unke iska iski iske uska uski uske mera meri mere tera teri tere hamara hamari hamare tumhara tumhari tumhare apna apni
apne yeh woh jo bhi tha thi thay hoga hogi honge hota hoti hote hua hui hue raha rahi rahe karna karne karta karti karte
kiya gaya gayi gaye jata jati jaata jaati diya diye liya liye lekin magar agar phir abhi kabhi sab sabhi kuch kuchh koi
kisi jab tab kahan jahan yahan wahan kaise kaisa kaisi kitna kitni kitne aur ki ka ke ko se ne par saath sath baad pehle
bahut bohot acha accha achha acchi achi sakta sakti sakte chahiye wala wali wale waala unhone usne maine humne aapko
aapka aapki aapke humko hume humein unko unhe unhein inka inki inke inhe inhein isliye tak sirf bilkul matlab
"""
_HINDI = """
kripya namaste dhanyavaad dhanyawad sahayata sarkar desh samay vishwas vishvas jeevan jivan shuru karya vidyalaya kintu
parantu evam athva avam yadi tatha vyakti adhik prakar anusar dwara kaaran karan mahatvapurn pradhan mantri bhagwan
bhagvan shakti prem satya dhyan gyan
"""
_URDU = """
ke kay taake takay yaani chunke lihaza balke balkay wagaira shukriya meherbani hukumat mulk qaum qoum awam wazir wazeer
waqt zindagi zaroor zaroori zarurat khuda allah inshallah mashallah assalam walaikum alaikum aik hy hay nai hun hoon
tarah khawateen hazrat janab jahan aur muhabbat ishq dua ilm kitab
"""
_TAMIL = """
naan nee avan aval avar avargal avanga ivan ival ivar ivanga naanga neenga ungal ungaluku ungalukku unga enga engal
enaku enakku unaku unakku avanuku avanukku namma naama enna enge yenna yen eppadi epadi ippadi ipadi appadi apadi illai
illa illaya iruku irukku irukkum irukkiradhu irukiradhu irukanga irukkanga irukken irundhu irunthu irundhadhu vandhu
vanthu vandha vantha poitu poyitu seithu seidhu seiya pannu panna panni pannunga pannum panren pannuren sollu solla
sonna sonnan sonnaar solli paathu paarthu parthu pakka vendum venum vendaam vendam mudiyum mudiyathu mudiyadhu oru andha
antha indha intha ellam ellaam ellarum ellorum mattum romba nalla konjam konjum pola endru enru endral enral endra enra
thaan thane dhaan aana aanaal aanal kooda adhu athu idhu ithu edhu ethu evlo yaaru yaar inga anga ange inge ingu angu
maadhiri mathiri madhiri appo ippo eppo epo aachu achu irundha iruntha varum vara poga pogum theriyum theriyala
theriyathu theriyadhu
"""
_TELUGU = """
nenu nuvvu meeru miru memu manam vaadu vadu aame aayana ayana vaallu vallu idi adi emi enti endi ela elaa enduku
endukante ekkada eppudu ippudu appudu akkada ikkada evaru kani kaani kuda undi unnayi unna unnaru unnanu unnav unde ledu
leru lenu ledhu kadu kaadu kadha kada chesi chesina chesanu chesaru cheyali cheyyali cheyadam chestunna chestunnaru
chestaru chestanu vachi vachina vachindi vacchi vellu velli veltunna antha anta ante anni okka oka ayina ayindi ayithe
aithe ayyindi ayyayi naaku naku neeku niku meeku miku maaku maku valla vaalla nundi nunchi gurinchi kosam leda chala
chaala baga bagundi bagunnanu bagunnara manchi telugu tarvata taruvata mundu kavali kaavali cheppu cheppandi cheppadu
cheppindi cheppina chusi chusina choosi chudandi telusu teliyadu raadu radu rayadam vastundi vastaru vasthunna antaru
annadu annaru anukunna anukuntunna ki
"""
_BENGALI = """
ami tumi apni amra tomra tara amar tomar apnar amader tomader apnader tader kore korte korchi korche korechi koreche
korbo korbe korben korlam korlo kori koro hobe hoy hoye hoyeche hoyechilo hoyni chilo chhilo chilam achhe achi achhi
achen acho nei ebong kintu jodi tahole keno kothay kobe kemon ki ekta ekti eta ota eti oti jonno jonyo theke diye niye
moto mato sathe shathe kichu onek khub bhalo valo shob sob kotha jani janina janona bolte bole bolche bolechi bolen giye
giyeche geche gelo gechi asche asbe aschi jacche jachhe jabe jabo jai pore ekhon tokhon jokhon kokhon ekhono amake
tomake apnake take oke noy nai tai tobe abar ektu shudhu sudhu parbo parbe parche pari parina dekhe dekhte dekhi dekho
manush bangla bhalobasi bhalobashi chai chaichi cheye kau keu kono kichui
"""

_WORDS: Final = {
    "hi_rom": frozenset((_HINDI_URDU + _HINDI).split()),
    "ur_rom": frozenset((_HINDI_URDU + _URDU).split()),
    "ta_rom": frozenset(_TAMIL.split()),
    "te_rom": frozenset(_TELUGU.split()),
    "bn_rom": frozenset(_BENGALI.split()),
}
_ANY: Final = rf"(?i)\b(?:{'|'.join(sorted(set(chain.from_iterable(_WORDS.values()))))})\b"
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
_FEWEST_WORDS: Final = 3  # different function words of one language …
_FEWEST_LONG: Final = 2  # … of which so many have three letters or more: ki, ke and se stand in Creole and Hawaiian too
_SMALLEST_SHARE: Final = 0.3  # … and their share of all words
SURE: Final = 0.9  # a line of which fastText is surer is what it says


def romanised(texts: Sequence[str]) -> dict[int, tuple[str, float]]:
    """Return the romanised language of each of the texts in Latin script that is in one, and how sure that is.

    A text is one where at least three different function words of a list stand in it, two of them of three letters or
    more, and these words are at least 30 % of its words. The list with most of them wins; between equal ones Hindi
    before Urdu. With n different ones it is 1 - 2 ** -n sure: each word more halves the doubt.
    """
    column = pa.array(texts, pa.string())
    hits = pc.count_substring_regex(column, _ANY).to_numpy(zero_copy_only=False)
    words = pc.count_substring(column, " ").to_numpy(zero_copy_only=False) + 1
    suspected = np.flatnonzero((hits >= _FEWEST_WORDS) & (hits >= _SMALLEST_SHARE * words)).tolist()
    return {row: found for row in suspected if (found := _of(texts[row]))}


def _of(text: str) -> tuple[str, float] | None:
    words = Counter(_WORD.findall(text.lower()))
    fewest = _SMALLEST_SHARE * words.total()
    counts, different = {}, {}
    for code, known in _WORDS.items():
        own = words.keys() & known
        count = sum(words[word] for word in own)
        if len(own) >= _FEWEST_WORDS and sum(len(word) > 2 for word in own) >= _FEWEST_LONG and count >= fewest:
            counts[code], different[code] = count, len(own)
    if not counts:
        return None
    best = max(counts, key=counts.__getitem__)
    return best, 1 - 2.0 ** -different[best]
