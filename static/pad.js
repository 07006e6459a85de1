// Lets a shape be drawn with a pointer, or chosen cell by cell with a pointer or the keyboard. The field that is sent holds either
// the points of the line or the cells; the server makes the same of both. Without this script the cells are typed.
(() => {
  "use strict";
  const CELLS = 512;
  for (const pad of document.querySelectorAll("[data-pad]")) {
    const input = pad.querySelector("input");
    const field = pad.querySelector(".pad-field");
    const line = pad.querySelector("polyline");
    const clear = pad.querySelector("[data-clear]");
    const voice = pad.querySelector("[data-said]");
    const buttons = [...field.querySelectorAll("[data-cell]")];
    let points = null;
    let cells = [];

    const middle = (name) => [
      125 + 250 * "ABCD".indexOf(name[0]),
      125 + 250 * (Number(name[1]) - 1),
    ];
    const show = (corners) => line.setAttribute("points", corners.map((c) => c.join(",")).join(" "));
    const empty = () => {
      points = null;
      cells = [];
      input.value = "";
      voice.textContent = "";
      show([]);
    };
    const add = (name) => {
      if (cells.length >= CELLS || cells.at(-1) === name) return;
      cells.push(name);
      input.value = cells.join(" ");
      voice.textContent = `${voice.dataset.said} ${cells.length}`;
      show(cells.map(middle));
    };
    const place = (event) => {
      const box = field.getBoundingClientRect();
      const part = (at, size) => Math.round(1000 * Math.min(1, Math.max(0, at / size)));
      return [part(event.clientX - box.left, box.width), part(event.clientY - box.top, box.height)];
    };

    for (const button of buttons) {
      button.disabled = false;
      // The keyboard chooses by click; a pointer is dealt with below.
      button.addEventListener("click", (event) => {
        if (event.detail === 0) add(button.dataset.cell);
      });
    }
    clear.hidden = false;
    clear.addEventListener("click", empty);

    field.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      field.setPointerCapture(event.pointerId);
      points = [place(event)];
    });
    field.addEventListener("pointermove", (event) => {
      if (!points) return;
      const [x, y] = place(event);
      const [lastX, lastY] = points.at(-1);
      if (Math.hypot(x - lastX, y - lastY) < 12 || points.length >= CELLS) return;
      if (points.length === 1) {
        const start = points;
        empty();
        points = start;
      }
      points.push([x, y]);
      show(points);
    });
    const finish = () => {
      if (!points) return;
      if (points.length > 1) {
        input.value = points.map((p) => p.join(",")).join(" ");
      } else {
        // Pressed and not drawn: the cell under the pointer, so that nobody has to drag.
        const [x, y] = points[0].map((at) => Math.min(3, Math.floor(at / 250)));
        if (!cells.length) empty();
        add(`${"ABCD"[x]}${y + 1}`);
      }
      points = null;
    };
    field.addEventListener("pointerup", finish);
    field.addEventListener("pointercancel", () => {
      points = null;
    });
  }
})();
