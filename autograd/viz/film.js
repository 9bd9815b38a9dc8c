// Steps through a recorded backward pass. One film for every .autograd-film that has not begun.
(() => {
  "use strict";
  for (const root of document.querySelectorAll(".autograd-film:not([data-ready])")) {
    root.dataset.ready = "yes";
    begin(root);
  }

  function begin(root) {
    const film = JSON.parse(root.querySelector('script[type="application/json"]').textContent);
    const stage = root.querySelector(".stage");
    const last = film.steps.length;
    let at = 0;
    let chosen = null; // a box that was clicked
    let timer = null;

    const bar = element("div", "bar");
    const back = button("◀", "one step back (←)", () => go(at - 1));
    const play = button("▶ play", "play or pause (space)", toggle);
    const forth = button("▶", "one step on (→)", () => go(at + 1));
    const slider = element("input");
    Object.assign(slider, { type: "range", min: 0, max: last, value: 0 });
    slider.setAttribute("aria-label", "step");
    slider.addEventListener("input", () => go(Number(slider.value)));
    const count = element("span", "count");
    bar.append(back, forth, play, slider, count);
    const panel = element("div", "panel");
    panel.setAttribute("aria-live", "polite");
    root.prepend(bar);
    stage.after(panel);

    addArrowhead();
    const nodes = {};
    for (const id of Object.keys(film.boxes)) {
      const node = stage.querySelector("#" + id);
      if (!node) continue;
      nodes[id] = node;
      node.setAttribute("tabindex", "0");
      node.addEventListener("click", (event) => { event.preventDefault(); choose(id); });
      node.addEventListener("keydown", (event) => { if (event.key === "Enter") choose(id); });
    }

    root.addEventListener("keydown", onKey);
    if (document.body.classList.contains("autograd-film-page")) {
      document.addEventListener("keydown", (event) => {
        if (!root.contains(event.target)) onKey(event);
      });
    }
    show();

    function onKey(event) {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const moves = {
        ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1,
        Home: 0, End: last,
      };
      if (event.key in moves) go(moves[event.key]);
      else if (event.key === " " && event.target.tagName !== "BUTTON") toggle();
      else if (event.key === "Escape") choose(null);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }

    function toggle() {
      if (timer) return stop();
      if (at === last) at = 0;
      play.textContent = "❚❚ pause";
      timer = setInterval(() => { if (at < last) go(at + 1, true); else stop(); }, 900);
    }

    function stop() {
      clearInterval(timer);
      timer = null;
      play.textContent = "▶ play";
    }

    function go(step, playing) {
      if (!playing && timer) stop();
      at = Math.max(0, Math.min(last, step));
      chosen = null;
      show();
    }

    function choose(id) {
      chosen = id;
      show();
    }

    // What has happened up to and with the current step.
    function state() {
      const arrived = { [film.start.box]: film.start.gradient };
      const flows = {};
      const reached = new Set([film.start.box]);
      for (const step of film.steps.slice(0, at)) {
        reached.add(step.box);
        arrived[step.box] = step.gradient;
        for (const sent of step.sent) {
          arrived[sent.box] = sent.total;
          reached.add(sent.box);
          if (sent.arrow !== null) (flows[sent.arrow] ||= []).push(sent.gradient);
        }
      }
      return { arrived, flows, reached };
    }

    function show() {
      const now = at > 0 ? film.steps[at - 1] : null;
      const { arrived, flows, reached } = state();
      const current = now ? now.box : film.start.box;
      slider.value = at;
      slider.setAttribute("aria-valuetext", now ? now.title : "start");
      count.textContent = `step ${at} of ${last}`;
      for (const [id, node] of Object.entries(nodes)) {
        node.classList.toggle("current", id === current);
        node.classList.toggle("reached", reached.has(id));
        node.classList.toggle("chosen", id === chosen);
      }
      const arrows = new Set(now ? now.sent.map((sent) => sent.arrow) : []);
      for (const old of stage.querySelectorAll("text.flow")) old.remove();
      for (const edge of stage.querySelectorAll(".edge")) {
        const number = Number(edge.id.slice(1));
        edge.classList.toggle("sent", number in flows);
        edge.classList.toggle("now", arrows.has(number));
        if (number in flows) label(edge, flows[number]);
      }
      panel.replaceChildren(...(chosen ? box(chosen, arrived) : now ? step(now) : start()));
      if (nodes[current] && root.matches(":focus-within")) {
        nodes[current].scrollIntoView({ block: "nearest", inline: "nearest" });
      }
    }

    // A gradient runs from result to operand: the head is at the start of the path.
    function addArrowhead() {
      const svg = stage.querySelector("svg");
      if (!svg) return;
      const defs = svgElement("defs", {});
      const marker = svgElement("marker", {
        id: "autograd-film-back", viewBox: "0 0 8 8", refX: 7, refY: 4, orient: "auto-start-reverse",
        markerUnits: "userSpaceOnUse", markerWidth: 8, markerHeight: 8,
      });
      marker.append(svgElement("path", { d: "M0 0L8 4L0 8z" }));
      defs.append(marker);
      svg.prepend(defs);
    }

    // Where the edge has a label there is room for this one; else beside the middle of the path.
    function label(edge, gradients) {
      const place = edge.querySelector("text:not(.flow)");
      const path = edge.querySelector("path");
      const middle = path.getPointAtLength(path.getTotalLength() / 2);
      const text = svgElement("text", {
        class: "flow",
        x: place ? Number(place.getAttribute("x")) + 3 : middle.x + 4,
        y: place ? Number(place.getAttribute("y")) : middle.y + 3,
        "text-anchor": place ? place.getAttribute("text-anchor") || "start" : "start",
      });
      text.textContent = gradients.map((g) => film.arrays[g].short).join(" + ");
      edge.append(text);
    }

    function svgElement(tag, attributes) {
      const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      return made;
    }

    function start() {
      return [
        heading(`∂${film.title}/∂${film.title}`),
        soft("The backward pass starts here. → or the slider goes on; click a node to look at it."),
        ...array(film.start.gradient),
        ...film.notes.map(soft),
      ];
    }

    function step(now) {
      const parts = [heading(now.title), soft(now.source), title("arrives: g"), ...array(now.gradient)];
      for (const sent of now.sent) {
        parts.push(title(`sends to ${sent.to}`), code(`∂${sent.operand} = ${sent.formula}`));
        parts.push(...array(sent.gradient, "sent"));
        if (sent.total !== sent.gradient) {
          parts.push(soft("with what had arrived before:"), ...array(sent.total, "total"));
        }
      }
      return parts;
    }

    function box(id, arrived) {
      const chosenBox = film.boxes[id];
      const parts = [heading(chosenBox.title), ...chosenBox.facts.map(code)];
      parts.push(title("value"));
      parts.push(...(chosenBox.value === null ? [soft("not alive (see ag.watch)")] : array(chosenBox.value, "value")));
      parts.push(title("gradient so far"));
      parts.push(...(id in arrived ? array(arrived[id], "gradient") : [soft("none has arrived")]));
      return parts;
    }

    function array(number, kind) {
      if (number === null || number === undefined) return [];
      const { shape, words, numbers, image } = film.arrays[number];
      const parts = [soft(`${shape}  ${words}`)];
      if (numbers !== undefined) {
        const pre = element("pre", "numbers " + (kind || ""));
        pre.textContent = numbers;
        parts.push(pre);
      }
      if (image) {
        const picture = element("img");
        picture.src = image;
        picture.alt = `heat map, ${words}`;
        parts.push(picture);
      }
      return parts;
    }

    function heading(text) { return filled("h3", text); }
    function title(text) { return filled("h4", text); }
    function soft(text) { return filled("p", text, "soft"); }

    function code(text) {
      const line = element("p");
      line.append(filled("code", text));
      return line;
    }

    function filled(tag, text, name) {
      const made = element(tag, name);
      made.textContent = text;
      return made;
    }

    function button(text, name, action) {
      const made = filled("button", text);
      made.type = "button";
      made.title = name;
      made.setAttribute("aria-label", name);
      made.addEventListener("click", action);
      return made;
    }

    function element(tag, name) {
      const made = document.createElement(tag);
      if (name) made.className = name;
      return made;
    }
  }
})();
