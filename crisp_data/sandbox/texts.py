"""The texts of the seeded data: what customers ask, what operators answer, and places.

Seven languages, two of them written from right to left or without spaces, because text
handling that works for English proves nothing.
"""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """A town that customers write from; `offset` is what Crisp calls timezone (minutes)."""

    country: str
    region: str
    city: str
    latitude: float
    longitude: float
    offset: int
    language: str
    dial: str


PLACES = (
    Place("FR", "IDF", "Paris", 48.8566, 2.3522, -60, "fr", "+33"),
    Place("FR", "ARA", "Lyon", 45.764, 4.8357, -60, "fr", "+33"),
    Place("FR", "PDL", "Nantes", 47.2184, -1.5536, -60, "fr", "+33"),
    Place("GB", "ENG", "London", 51.5072, -0.1276, 0, "en", "+44"),
    Place("US", "NY", "New York", 40.7128, -74.006, 300, "en", "+1"),
    Place("US", "CA", "San Francisco", 37.7749, -122.4194, 480, "en", "+1"),
    Place("IN", "KA", "Bengaluru", 12.9716, 77.5946, -330, "en", "+91"),
    Place("DE", "BE", "Berlin", 52.52, 13.405, -60, "de", "+49"),
    Place("AT", "9", "Wien", 48.2082, 16.3738, -60, "de", "+43"),
    Place("ES", "MD", "Madrid", 40.4168, -3.7038, -60, "es", "+34"),
    Place("MX", "CMX", "Ciudad de México", 19.4326, -99.1332, 360, "es", "+52"),
    Place("BR", "SP", "São Paulo", -23.5505, -46.6333, 180, "pt", "+55"),
    Place("AE", "DU", "دبي", 25.2048, 55.2708, -240, "ar", "+971"),
    Place("JP", "13", "東京", 35.6762, 139.6503, -540, "ja", "+81"),
)

TOPICS = ("billing", "delivery", "returns", "login", "bug", "feature", "onboarding")

NAMES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (("Emma", "Oliver", "Priya", "Noah", "Grace", "Liam"), ("O'Brien", "Smith", "Patel")),
    "fr": (("Élodie", "François", "Zoé", "Hélène", "Théo"), ("Lefèvre", "Dupont", "N'Diaye")),
    "de": (("Jürgen", "Anke", "Sören", "Käthe", "Lukas"), ("Müller", "Groß", "Weiß")),
    "es": (("Lucía", "José", "Íñigo", "Begoña"), ("Muñoz", "García", "Ibáñez")),
    "pt": (("João", "Conceição", "Tiago", "Inês"), ("Araújo", "Gonçalves", "Simões")),
    "ar": (("ليلى", "أحمد", "سارة", "يوسف"), ("الفارسي", "حداد", "منصور")),
    "ja": (("さくら", "健太", "美咲", "大輔"), ("佐藤", "鈴木", "高橋")),
}

#: What a customer opens with, by language, in the order of `TOPICS`; {n} is an order number.
OPENERS: dict[str, tuple[str, ...]] = {
    "en": (
        "Hi, I was charged twice for order #{n} 😕",
        "Where is my parcel {n}? Tracking has not moved for days.",
        "I'd like to return order #{n}, it's the wrong size",
        "I can't log in, the reset e-mail never arrives",
        "The export button does nothing in Firefox (ticket {n})",
        "Could you add a dark mode? 🌙",
        "How do I invite my team of {n}?",
    ),
    "fr": (
        "Bonjour, j'ai été débité deux fois pour la commande n° {n} 😕",
        "Où est mon colis {n} ? Le suivi n'avance plus.",
        "Je souhaite retourner la commande {n}, mauvaise taille",
        "Impossible de me connecter, l'e-mail n'arrive jamais",
        "Le bouton d'export ne réagit pas, ça marche chez vous ?",
        "Pourriez-vous ajouter un mode sombre ? 🌙",
        "Comment inviter mon équipe ({n} personnes) ?",
    ),
    "de": (
        "Hallo, Bestellung {n} wurde doppelt abgebucht 😕",
        "Wo bleibt mein Paket {n}? Grüße aus Köln",
        "Ich möchte Bestellung {n} zurückschicken",
        "Ich kann mich nicht anmelden, es kommt keine E-Mail",
        "Die Schaltfläche „Export“ reagiert nicht",
        "Gibt es bald einen dunklen Modus? 🌙",
        "Wie lade ich {n} Kolleginnen ein?",
    ),
    "es": (
        "Hola, me habéis cobrado dos veces el pedido {n} 😕",
        "¿Dónde está mi paquete {n}?",
        "Quiero devolver el pedido {n}, la talla no es",
        "No puedo entrar, el correo no llega",
        "El botón de exportar no hace nada",
        "¿Podéis añadir un modo oscuro? 🌙",
        "¿Cómo invito a mi equipo de {n}?",
    ),
    "pt": (
        "Olá, fui cobrado duas vezes pelo pedido {n} 😕",
        "Onde está a minha encomenda {n}?",
        "Quero devolver o pedido {n}",
        "Não consigo entrar, o e-mail não chega",
        "O botão de exportação não faz nada",
        "Podem adicionar um modo escuro? 🌙",
        "Como convido a minha equipa de {n}?",
    ),
    "ar": (
        "مرحبا، تم خصم مبلغ الطلب {n} مرتين",
        "أين طردي رقم {n}؟",
        "أريد إرجاع الطلب {n}",
        "لا أستطيع تسجيل الدخول",
        "زر التصدير لا يعمل",
        "هل يمكن إضافة الوضع الليلي؟ 🌙",
        "كيف أدعو فريقي؟",
    ),
    "ja": (
        "注文{n}が二重に請求されています😕",
        "荷物{n}はどこにありますか？",
        "注文{n}を返品したいです",
        "ログインできません。メールが届きません。",
        "エクスポートボタンが動きません",
        "ダークモードを追加できますか？🌙",
        "チーム{n}名を招待するには？",
    ),
}

#: What a customer says later on.
FOLLOW_UPS: dict[str, tuple[str, ...]] = {
    "en": ("It still happens.", "OK, thanks 👍", "My number is {n}", "=SUM(A1:A9) shows #REF!"),
    "fr": ("Ça ne marche toujours pas.", "D'accord, merci 👍", "Mon numéro : {n}", "Ah, génial !"),
    "de": ("Geht immer noch nicht.", "Alles klar, danke 👍", "Meine Nummer ist {n}", "Schön!"),
    "es": ("Sigue igual.", "Vale, gracias 👍", "Mi número es {n}", "¡Qué rápido!"),
    "pt": ("Continua igual.", "Certo, obrigado 👍", "O meu número é {n}", "Que rápido!"),
    "ar": ("ما زالت المشكلة قائمة.", "حسنا، شكرا 👍", "رقمي {n}", "رائع!"),
    "ja": ("まだ直りません。", "ありがとうございます👍", "番号は{n}です", "早いですね！"),
}

#: What an operator answers.
REPLIES: dict[str, tuple[str, ...]] = {
    "en": (
        "Let me check {n} for you.",
        "Could you send a screenshot?",
        "I have refunded it, it takes 3 to 5 days.",
        "Please see https://help.acme.example/articles/{n}\nDoes that help?",
        "All done! Anything else I can do? 🎉",
    ),
    "fr": (
        "Je regarde {n} tout de suite.",
        "Pouvez-vous m'envoyer une capture d'écran ?",
        "C'est remboursé, comptez 3 à 5 jours.",
        "Voici l'article : https://help.acme.example/fr/{n}",
        "C'est réglé ! Autre chose ? 🎉",
    ),
    "de": (
        "Ich sehe mir {n} sofort an.",
        "Können Sie ein Bildschirmfoto schicken?",
        "Der Betrag ist erstattet, das dauert 3 bis 5 Tage.",
        "Erledigt! Sonst noch etwas? 🎉",
    ),
    "es": ("Lo miro ahora mismo ({n}).", "¿Puedes enviar una captura?", "¡Listo! ¿Algo más? 🎉"),
    "pt": (
        "Vou verificar {n}.",
        "Pode enviar uma captura de ecrã?",
        "Feito! Mais alguma coisa? 🎉",
    ),
    "ar": ("سأتحقق من {n} الآن.", "هل يمكنك إرسال صورة؟", "تم الحل! 🎉"),
    "ja": ("{n}を確認いたします。", "画面の写真を送っていただけますか？", "完了しました🎉"),
}

GREETINGS: dict[str, str] = {
    "en": "👋 Thanks for writing! What is it about?",
    "fr": "👋 Merci pour votre message ! De quoi s'agit-il ?",
    "de": "👋 Danke für Ihre Nachricht! Worum geht es?",
    "es": "👋 ¡Gracias por escribir! ¿De qué se trata?",
    "pt": "👋 Obrigado pela mensagem! De que se trata?",
    "ar": "👋 شكرا لرسالتك! ما الموضوع؟",
    "ja": "👋 ご連絡ありがとうございます。ご用件は？",
}

NOTES = (
    "VIP, please be quick",
    "Seen with the developers, fix is on its way",
    "Refund approved by finance",
    "<b>Do not</b> promise a date",
)

#: Nicknames that break whatever forgets to escape.
HOSTILE = ("<script>alert(1)</script>", "Robert'); DROP TABLE", '=HYPERLINK("//x")', "  spaces  ")

COMPANIES = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Wayne & Söhne")

DEVICES = (
    ("Windows", "11", "Chrome", "141"),
    ("macOS", "15.1", "Safari", "18"),
    ("Android", "15", "Chrome", "141"),
    ("iOS", "18.2", "Mobile Safari", "18"),
    ("Linux", "x86_64", "Firefox", "144"),
)

PAGES = (
    ("Pricing", "https://acme.example/pricing"),
    ("Help", "https://acme.example/help"),
    ("Checkout", "https://acme.example/checkout?step=2&lang=fr"),
    ("Home", "https://acme.example/"),
)
