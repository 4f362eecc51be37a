"""What notifications say, in each language. A sentence that a language lacks is a type error. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.behaviour.findings import Threat
from app.notifications.models import Language, Occasion


@dataclass(frozen=True, slots=True)
class Sentences:
    """The parts of a message in one language.

    Attributes:
        acts: by the alert's kind.
        of_leads: by occasion.
        threats: "high threat", by threat.
        incidents: what is said of an incident, by its state.
        unreacted: begins what is said of an escalated alert.
        repeated: ends what an earlier try may have brought already.
        repeated_mail: the same at the end of a mail; takes the delivery's id.
    """

    acts: Mapping[str, str]
    of_leads: Mapping[Occasion, str]
    threats: Mapping[Threat, str]
    incidents: Mapping[str, str]
    incident_changed: str
    alert: str
    unreacted: str
    code: Callable[[str], str]
    test: Callable[[str], str]
    several: Callable[[int, str], str]
    repeated: str
    repeated_mail: Callable[[str], str]
    open: str


SENTENCES: Final[Mapping[Language, Sentences]] = {
    Language.ENGLISH: Sentences(
        acts={
            "falling": "Somebody fell",
            "floor": "Person on the floor",
            "fighting": "Fight",
            "running": "Somebody runs",
            "loitering": "Loitering",
            "entry": "Somebody in a closed zone",
            "crossing": "Line crossed",
            "crowding": "Crowding",
            "queue": "Queue",
            "reaching": "Reach to a shelf",
            "camera-offline": "Camera offline",
            "camera-frozen": "Camera frozen",
            "camera-blind": "Camera covered",
            "camera-moved": "Camera moved",
            "camera-clock": "Camera clock wrong",
            "model-drift": "Model drift",
        },
        of_leads={
            Occasion.LEAD_RAISED: "Two pictures wait to be compared",
            Occasion.MATCH_CONFIRMED: "A lead was confirmed by a person",
        },
        threats={Threat.LOW: "low threat", Threat.MEDIUM: "medium threat", Threat.HIGH: "high threat"},
        incidents={"open": "Incident is open", "in-review": "Incident is in review", "closed": "Incident is closed"},
        incident_changed="Incident is changed",
        alert="Alert",
        unreacted="Nobody reacts: ",
        code=lambda code: f"{code} confirms that alerts may come here. It is good for 15 minutes",
        test=lambda name: f"Test of {name}",
        several=lambda number, clock: f"{number} notifications, the first at {clock}",
        repeated="(sent before, perhaps)",
        repeated_mail=lambda id_: f"An earlier try may have arrived: this is the same message, {id_}.",
        open="Open in PennyProtect",
    ),
    Language.SPANISH: Sentences(
        acts={
            "falling": "Alguien se cayó",
            "floor": "Persona en el suelo",
            "fighting": "Pelea",
            "running": "Alguien corre",
            "loitering": "Merodeo",
            "entry": "Alguien en una zona cerrada",
            "crossing": "Línea cruzada",
            "crowding": "Aglomeración",
            "queue": "Cola",
            "reaching": "Mano en el estante",
            "camera-offline": "Cámara sin señal",
            "camera-frozen": "Cámara congelada",
            "camera-blind": "Cámara tapada",
            "camera-moved": "Cámara movida",
            "camera-clock": "Hora de la cámara incorrecta",
            "model-drift": "Deriva del modelo",
        },
        of_leads={
            Occasion.LEAD_RAISED: "Dos imágenes esperan a que alguien las compare",
            Occasion.MATCH_CONFIRMED: "Una persona confirmó una coincidencia",
        },
        threats={Threat.LOW: "amenaza baja", Threat.MEDIUM: "amenaza media", Threat.HIGH: "amenaza alta"},
        incidents={"open": "Incidente abierto", "in-review": "Incidente en revisión", "closed": "Incidente cerrado"},
        incident_changed="Incidente modificado",
        alert="Alerta",
        unreacted="Nadie reacciona: ",
        code=lambda code: f"{code} confirma que las alertas pueden llegar aquí. Es válido durante 15 minutos",
        test=lambda name: f"Prueba de {name}",
        several=lambda number, clock: f"{number} notificaciones, la primera a las {clock}",
        repeated="(quizá ya enviado)",
        repeated_mail=lambda id_: f"Puede que un intento anterior llegara: este es el mismo mensaje, {id_}.",
        open="Abrir en PennyProtect",
    ),
}
