// The one thing that paper needs: the browser's own way to print.
"use strict";
document.querySelectorAll("[data-print]").forEach((button) => button.addEventListener("click", () => window.print()));
