// Runs in the page before the board does, and keeps what the browser tells of its work.
(() => {
  const tasks = [];
  const events = [];
  const frames = [];
  const observe = (options, take) => {
    new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ ...options, buffered: true });
  };
  observe({ type: "longtask" }, ({ startTime, duration }) => tasks.push({ at: startTime, ms: duration }));
  observe({ type: "event", durationThreshold: 16 }, ({ name, startTime, duration }) =>
    events.push({ name, at: startTime, ms: duration }),
  );
  let last = null;
  const frame = (now) => {
    if (last !== null) frames.push({ at: last, ms: now - last });
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);

  const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));

  window.incidentsimBench = {
    /** What was seen between two moments of this page's clock. */
    report: (from, to) => {
      const within = ({ at }) => at >= from && at < to;
      return { tasks: tasks.filter(within), events: events.filter(within), frames: frames.filter(within) };
    },

    /** Presses every "Show … more" until there is none; the time of this page's clock at which all are there. */
    showAll: async () => {
      for (;;) {
        const more = [...document.querySelectorAll("[data-column] > button")];
        if (more.length === 0) return performance.now();
        for (const button of more) button.click();
        await painted();
      }
    },

    /** Each card that is in the page, and the number that heads each column. */
    shown: () => ({
      cards: [...document.querySelectorAll("[data-card]")].map((card) => ({
        id: card.dataset.card,
        column: card.closest("[data-column]").dataset.column,
        text: card.textContent,
      })),
      counts: Object.fromEntries(
        [...document.querySelectorAll("[data-column]")].map((column) => [
          column.dataset.column,
          Number(column.querySelector("h2 > :last-child").textContent),
        ]),
      ),
    }),

    /** Of everything that was loaded so far. */
    loaded: () => {
      const all = performance.getEntriesByType("resource");
      const scripts = all.filter(({ name }) => new URL(name).pathname.endsWith(".js"));
      return {
        requests: all.length + 1, // and the page itself
        scripts: scripts.map(({ name, encodedBodySize }) => ({ name, bytes: encodedBodySize })),
      };
    },
  };
})();
