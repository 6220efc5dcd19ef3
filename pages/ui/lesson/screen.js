// Fill the screen with the page, or print it.

export default ({ parentElement }) => {
  const [fill, print] = parentElement.querySelectorAll("button");
  fill.hidden = !document.fullscreenEnabled; // a phone may not have it
  fill.onclick = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
  print.onclick = () => window.print();
};
