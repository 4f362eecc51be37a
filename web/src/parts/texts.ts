import { catalogue } from "../text/catalogue";

export const t = catalogue({
  en: { close: "Close", loading: "Loading…", retry: "Try again", chartTable: "Figures of this chart", time: "Time" },
  es: { close: "Cerrar", loading: "Cargando…", retry: "Intentar de nuevo", chartTable: "Cifras de este gráfico", time: "Hora" },
});
