import "@fontsource-variable/inter";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/live.css";
import "./styles/alerts.css";
import "./styles/cameras.css";
import "./styles/audit.css";
import "./styles/security.css";
import "./styles/administration.css";
import "./styles/work.css";
import "./styles/notifications.css";
import "./styles/cases.css";
import "./styles/policy.css";
import "./styles/watchlist.css";
import "./styles/evidence.css";
import "./styles/parts.css";
import "./styles/models.css";
import "./styles/plan.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { queries } from "./api/queries";
import { App } from "./App";
import { applyTheme } from "./shell/theme";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
applyTheme();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <BrowserRouter>
        <App />
      </BrowserRouter>
    </QueryClientProvider>
  </StrictMode>,
);
