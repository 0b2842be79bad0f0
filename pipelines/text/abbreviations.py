"""Abbreviations behind which a stop ends no sentence, by language.

A word in small letters stands for its capitalised form too; one with a capital is meant as it is written, because in
small letters it is a word that sentences end with ("Art." and "art."). Those before which "#" stands count where a
digit follows ("No. 5", but "No. They"). What often ends a sentence itself ("etc.", "Inc.") is left out: behind it the
next word's capital decides. Single letters are no entries: they are initials everywhere.
"""

from typing import Final

EVERYWHERE: Final = "dr prof st #no #nr #vol #art #fig #tel vs cf ca mr mrs #p #pp"

ABBREVIATIONS: Final = {
    "af": "mnr mev mej ds bv nl m.a.w o.a #bl #nr genl kapt",
    "az": "#səh məs prof #cild",
    "be": "г гг е ст стст вул напр гл праф акад ім #стар",
    "bg": "г гр е ул бул напр проф акад инж доц т.е т.н св ген полк #стр #чл #ал",
    "bs": "dr mr prof npr tj tzv itd god ul sv ing gen br #str #čl",
    "br": "aot itron",
    "ca": "sr sra srta dr dra prof p.ex av pl núm ex-pres sta #pàg #núm #art #cap #vol",
    "cs": "např tzv tj resp mj ing mgr mudr judr phdr rndr bc doc prof sv čp ul nám #č #str #odst #obr #tab #kap stol",
    "cy": "dr parch e.e",
    "da": "bl.a f.eks fx dvs mht ift pga kl ca jf evt inkl ekskl hhv mfl osv mv vedr nr #s #stk #kap frk fr hr cand "
          "dr prof st tlf #bd mio mia pct",
    "de": "z.b z.t bzw bspw d.h u.a u.u i.d.r o.ä o.g s.o s.u v.a vgl sog ggf evtl inkl exkl zzgl abzgl ca max min "
          "mind geb gest verh hr hrn fr frl dr dipl ing prof doz st str tel #nr #art #abs #abb #bd #kap #s #tab #ziff "
          "#kl jh jhd chr mio mrd usf zb rd allg bes ehem engl franz griech lat ital jap russ span türk urspr "
          "Jan Feb Aug Sept Okt Nov Dez Mo Di Mi Do Fr Sa So Hl kath ev röm i.d i.v m.e a.d a.m b.a m.a",
    "el": "κ κα κ.κ δρ π.χ δηλ βλ λ.χ π.δ μ.χ π.μ μ.μ τηλ αρ οδ λεωφ αγ κυρ #σελ #τ #αρ #άρθ #παρ καθ",
    "en": "mr mrs ms messrs dr prof rev fr sr hon gen col lt maj capt cmdr sgt cpl gov sen rep pres supt adm st mt ft "
          "vs v viz cf ca e.g i.e eg ie approx est esp incl excl resp fig figs eq eqs ref refs sec Ave Blvd Rd Univ "
          "Assn Bros dept ed eds trans repr al #no #nos #p #pp #vol #vols #ch #art #ex #para #col #pt #ser #tel #ext "
          "#jan #feb #mar #apr #jun #jul #aug #sep #sept #oct #nov #dec Jan Feb Aug Sept Oct Nov Dec Ph.D Ph",
    "eo": "s-ro s-ino d-ro ktp t.e #p",
    "es": "sr sra srta sres dr dra d dña prof ing lic arq gral cnel cap tte pdte excmo excma ilmo mons fr sto sta av "
          "avda ej p.ej vid cf aprox ee.uu EE.UU EE UU s.a #pág #págs #núm #nº #art #cap #vol #fig #tel #apdo #ed #t",
    "et": "nt s.t v.a jne lk hr pr dr prof kl u sh st e.m.a e.k a #lk #nr #ptk",
    "eu": "adb jn and dk #or #zk",
    "fa": "دکتر #ص",
    "fi": "esim mm ym ks vrt ts n nk ko tri prof toht ent os puh kpl klo synt t.s e.m.a e.kr j.kr #s #nro #luku mrd "
          "milj",
    "fr": "m mm mme mmes mlle mlles dr pr prof me mgr st ste sts av bd boul env ex éd p.ex c.-à-d c.à.d cf i.e apr "
          "ap avt j.-c #p #pp #art #chap #vol #fig #n #no #nos #tél #t janv févr avr juill sept oct nov déc",
    "ga": "tuas mar",
    "gl": "sr sra dr dra prof p.ex av #páx #núm #art",
    "he": "פרופ גב רח טל עמ ר #עמ",
    "hi": "डॉ डा श्री श्रीमती प्रो पं स्व मो कु ले ए बी सी डी एफ एच जे एल एम एन ओ पी आर एस टी यू वी डब्ल्यू एक्स वाई सं #पृ "
          "#नं",
    "mr": "डॉ प्रा श्री श्रीमती कै ह.भ.प ए बी सी डी एफ एच जे एल एम एन पी आर एस टी यू वि ना #पृ #क्र",
    "ne": "डा श्री प्रा वि.सं ई.पू #नं #पृ",
    "bn": "ড ডা মো মোঃ মুহ প্রফ অধ্যা খ্রি এ বি সি এম এস #পৃ #নং",
    "gu": "ડૉ ડો શ્રી પ્રો એ બી સી ડી એમ એન પી આર એસ #નં",
    "pa": "ਡਾ ਸ੍ਰ ਪ੍ਰੋ ਸ",
    "ta": "டாக்டர் திரு திருமதி செல்வி பேரா எம் எஸ் ஆர் என் கே பி ஜி #எண்",
    "te": "డా శ్రీ ప్రొ ఎ బి సి డి ఎం ఎస్ ఆర్ ఎన్ కె పి #నం",
    "kn": "ಡಾ ಶ್ರೀ ಪ್ರೊ ಎ ಬಿ ಸಿ ಎಂ ಎಸ್ ಆರ್ ಕೆ ಪಿ #ನಂ",
    "ml": "ഡോ ശ്രീ ശ്രീമതി പ്രൊഫ എ ബി സി എം എസ് കെ പി #നം",
    "si": "ආචාර්ය මහා පූ",
    "hr": "dr mr prof npr tj tzv itd god ul sv ing gen br o.g sl r.o st bl #str #čl #sv #br",
    "hu": "dr ifj id özv pl ún ill kb vö ua st ti u.n i.e i.sz #sz #old #köt #fej tel",
    "hy": "օր տ #էջ",
    "id": "dr drs drg ir prof h hj kh tn ny sdr sdri yth a.n d.a u.p dsb dll dst tsb jl jln gg kec kab prov s.d no "
          "#hal #hlm #no #tel #jln",
    "is": "t.d o.s.frv þ.e a.m.k m.a u.þ.b sbr fr hr dr #bls #nr #kr",
    "it": "sig sigg sig.ra sig.na dott dott.ssa dr prof prof.ssa ing avv arch on rag geom mons s ss sen gen col cap "
          "ten "
          "es p.es ecc.ti cfr ca v c.d tel #pag #pagg #p #pp #art #artt #n #nn #num #vol #cap #fig #tab #lett gen feb",
    "ka": "მაგ ე.ი ე.წ ბ-ნი ქ-ნი პროფ #გვ",
    "kk": "т.б т.с.с #б",
    "ky": "ж.б м.б",
    "la": "cf",
    "lt": "pvz t.y a.a prof doc dr gyd kt t.t vad pan plg šv #nr #psl #p #d m a g pr gen vyr nek",
    "lv": "piem t.i u.c u.tml prof dr kungs kdze plkst #lpp #nr #g sv t.s t.sk",
    "mk": "г-дин г-ѓа д-р проф на пр т.н т.е ул св бул #стр #бр #чл",
    "mn": "проф #х",
    "ms": "dr prof en pn sdr sdri tn hj hjh yb dato spt dsb dll jln #no #hlm #ms",
    "nl": "dhr mevr mw mej mr drs dr ir ing prof ds bv bijv d.w.z d.m.v i.p.v o.a m.a.w e.a e.d m.b.t m.i.v n.a.v "
          "o.l.v "
          "t.a.v t.o.v t.g.v z.g.a.n ca evt excl incl max min nl resp vgl zgn zog st sr jr ong gem afd #nr #blz #p "
          "#art "
          "#pag #hfst #afb #tel #ed jan feb aug sept okt nov dec",
    "no": "bl.a f.eks dvs mht ca jf evt inkl ekskl ifm pga osv mv vedr hhv nr #s #kap #bd fr hr frk cand dr prof st "
          "tlf "
          "kl kr mill mrd pst ev",
    "pl": "np m.in tj tzn tzw ww godz al ul os pl św błg śp dr hab inż mgr prof doc lek gen płk ppłk kpt mjr por ppor "
          "ks bp abp kard o s p.o ok ww wg zob por im red tłum oprac #nr #str #s #t #r #art #ust #pkt #poz #rys #tab "
          "#rozdz #w łac gr ang niem fr ros wł tel",
    "pt": "sr sra srs sras srta dr dra drs prof profa profª eng engª arq d exmo exma ilmo pe fr sto sta av r al tel ex "
          "p.ex cf aprox art.º gen cel cap ten maj sgt #pág #págs #p #pp #núm #n #art #arts #cap #vol #fig #inc",
    "qu": "dr",
    "rm": "dr sr sra p.ex",
    "ro": "dl dna d-na d-l d-lui dr prof ing av conf lect asist sf str bd bl ap jud mun com cca etc.m ex cf n.n î.hr "
          "d.hr p.s #nr #pag #p #art #alin #lit #cap #vol #fig #sec #tel",
    "ru": "г гг гр е им ул пр пер просп пл наб бул обл р-н стр корп кв проф акад доц канд д-р инж ген полк св "
          "т.е т.н т.к т.ч т.о напр ср см др.-греч англ нем фр лат итал исп тыс млн млрд руб коп экз чел долл ок н.э "
          "до.н.э о оз р род ум мл ст тел #с #стр #рис #табл #гл #д #п #пп #ст #т #тт #ч #разд #абз #№ #кн #изд",
    "sk": "napr tzv tj resp najmä ing mgr mudr judr phdr rndr doc prof sv ul nám č.d #č #str #ods #obr #tab #kap",
    "sl": "npr oz tj itd ga g dr mag prof doc ing sv ul t.i p.n.št #str #št #čl #sl #pogl",
    "so": "md dr",
    "sq": "dr prof z znj p.sh d.m.th #nr #f #fq",
    "sr": "др проф нпр тј тзв итд год ул св инж ген бр #стр #чл #бр dr prof npr tj tzv god ul sv gen br #str #čl",
    "sv": "bl.a t.ex d.v.s dvs m.m.fl m.a.o f.n fr.o.m t.o.m s.k p.g.a ca jfr resp inkl exkl ev evt ung fr hr frk dr "
          "prof doc civ.ing st kl kr milj mdr tel nr #nr #s #sid #kap #st",
    "sw": "bw bi dkt prof mhe k.m n.k #uk #na",
    "tl": "g gng bb dr atty engr hon gob sen rep",
    "tr": "dr prof doç yrd öğr gör uzm av müh sn hz bkz örn vb.nin mad cad sok mah apt blv alb gen yzb sf yy m.ö m.s "
          "no "
          "#s #sf #no #cilt #mad #bkz #tel",
    "uk": "р рр е ст вул просп пл бул м обл с смт проф акад доц канд д-р інж ген полк св ім т.зв т.ч тобто напр "
          "див пор тис млн млрд грн коп англ нім лат фр рос н.е о оз тел #с #стор #рис #табл #гл #п #ч #розд #№ #кн",
    "ur": "ڈاکٹر",
    "uz": "prof dots akad mas #b",
    "vi": "tp gs ts ths pgs bs ks ths.bs tx q p đ v.v.v ts.bs #tr #số",
    "yi": "ד",
}  # fmt: skip

# Languages that write ordinals with a stop: "am 3. Oktober", "1. tammikuuta", "XX. század".
ORDINALS: Final = "bs cs da de et eu fi hr hu is lv no pl sk sl sr tr"
ROMAN: Final = "II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX XXI XXII XXIII"
