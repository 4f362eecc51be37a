import { catalogue } from "../text/catalogue";

export const t = catalogue({
  en: { close: "Close", loading: "Loading…", retry: "Try again", saveTable: "save the table {name}", chartTable: "Figures of this chart", time: "Time",
    answer: "Answer",
    outcome: "Outcome",
    whatTheyAreAnswered: "What they are answered",
    answerForGood: "Answer for good",
    open: "Open", },
  es: { close: "Cerrar", loading: "Cargando…", retry: "Intentar de nuevo", saveTable: "guardar la tabla {name}", chartTable: "Cifras de este gráfico", time: "Hora",
    answer: "Respuesta",
    outcome: "Resultado",
    whatTheyAreAnswered: "Qué se les responde",
    answerForGood: "Responder definitivamente",
    open: "Abiertas", },
});
