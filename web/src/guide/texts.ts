import { catalogue } from "../text/catalogue";

export const t = catalogue({
  en: {
    title: "Three steps to the first alert",
    done: "done",
    camera: "Add a camera",
    cameraWhy: "Its RTSP address, or let the network be asked for cameras.",
    zone: "Draw a zone",
    zoneWhy: "On the camera's picture: where people should not linger.",
    alert: "See an alert",
    alertWhy: "Walk into the zone and stay. The alert appears on every page; handle it in Alerts.",
    go: "Go there",
    hide: "Do not show again",
  },
  es: {
    title: "Tres pasos hasta la primera alerta",
    done: "hecho",
    camera: "Añada una cámara",
    cameraWhy: "Su dirección RTSP, o deje que se busquen cámaras en la red.",
    zone: "Dibuje una zona",
    zoneWhy: "Sobre la imagen de la cámara: dónde nadie debería quedarse.",
    alert: "Vea una alerta",
    alertWhy: "Entre en la zona y quédese. La alerta aparece en todas las páginas; atiéndala en Alertas.",
    go: "Ir allí",
    hide: "No mostrar más",
  },
});
