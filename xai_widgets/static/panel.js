function s(t,i="",a){let e=document.createElement(t);return i&&(e.className=i),a!==void 0&&(e.textContent=a),e}var W="http://www.w3.org/2000/svg";function T(t,i){let a=document.createElementNS(W,"svg");a.setAttribute("width","24"),a.setAttribute("height","10"),a.setAttribute("aria-hidden","true");let e=document.createElementNS(W,"line");return e.setAttribute("x1","1"),e.setAttribute("x2","23"),e.setAttribute("y1","5"),e.setAttribute("y2","5"),e.setAttribute("stroke-width","2.4"),e.setAttribute("stroke-dasharray",i.length?i.join(" "):"none"),e.style.stroke=t,a.append(e),a}function P(t,i,a,e){let o=()=>{if(a.aborted)return;let n=t.isConnected?t.closest(i):null;n?e(n):setTimeout(o,50)};o()}function A(t,i){let e=(t.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-key");t.replaceChildren(...i),e&&[...t.querySelectorAll("[data-key]")].find(n=>n.getAttribute("data-key")===e)?.focus({preventScroll:!0})}function $(t,i,a){if(t.hidden=!i.level,t.className=`xaiw-strip xaiw-${i.level||"none"}`,t.setAttribute("role",i.level==="error"?"alert":"status"),!i.level){t.replaceChildren();return}let e=[];if(i.details){let n=s("details","xaiw-fold");n.open=t.querySelector("details")?.open===!0,n.append(s("summary","",i.text),s("pre","",i.details)),e.push(n)}else e.push(s("span","xaiw-said",i.text));if(i.progress!==null&&e.push(j(i.progress,i.text)),i.right&&e.push(s("span","xaiw-said",i.right)),i.action){let{name:n,text:r}=i.action,l=s("button","xaiw-button",r);l.type="button",l.setAttribute("data-key",`action ${n}`),l.addEventListener("click",()=>a({type:"action",name:n})),e.push(l)}let o=t.contains(document.activeElement);t.replaceChildren(...e),o&&t.querySelector("button, summary")?.focus({preventScroll:!0})}function j(t,i){let a=s("div","xaiw-progress"),e=Math.round(100*Math.min(1,Math.max(0,t)));a.setAttribute("role","progressbar"),a.setAttribute("aria-label",i),a.setAttribute("aria-valuemin","0"),a.setAttribute("aria-valuemax","100"),a.setAttribute("aria-valuenow",String(e));let o=s("span");return o.style.width=`${e}%`,a.append(o),a}function V(t,i){t.hidden=!i,t.replaceChildren(),i&&t.append(s("div","xaiw-empty-text",i.text),s("div","xaiw-empty-hint",i.hint))}function B(t){let i=Math.max(0,Math.round(t));return i<100?`${i} s`:i<3600?`${Math.floor(i/60)} min ${i%60} s`:`${Math.floor(i/3600)} h ${Math.floor(i%3600/60)} min`}function D(t,i,a){let e=null,o=performance.now(),n=s("span","xaiw-time"),r=()=>{if(!e||e.elapsed===null){n.textContent="";return}let p=e.ticking?(performance.now()-o)/1e3:0,x=e.left===null?"":`, ${B(e.left-p)} left`;n.textContent=`${B(e.elapsed+p)}${x}`},l=setInterval(()=>{e?.ticking&&!document.hidden&&r()},1e3);return a.addEventListener("abort",()=>clearInterval(l)),p=>{if(e=p,o=performance.now(),t.hidden=!e,!e)return;let x=t.contains(document.activeElement)?document.activeElement?.getAttribute("data-key"):null,f=s("span","xaiw-state",e.state);f.dataset.status=e.status,f.setAttribute("role","status");let c=s("span","xaiw-facts");for(let v of[e.epoch,e.step])v&&c.append(s("span","",v));r(),c.append(n);let g=s("span","xaiw-run-title",e.title);g.setAttribute("role","heading"),g.setAttribute("aria-level","2");let m=[g,f,c];m.push(e.progress===null?s("span","xaiw-spring"):j(e.progress,e.epoch)),m.push(et(e.words,i)),t.replaceChildren(...m),x&&[...t.querySelectorAll("[data-key]")].find(k=>k.getAttribute("data-key")===x)?.focus({preventScroll:!0})}}function et(t,i){let a=s("span","xaiw-buttons");for(let e of t){if(!("action"in e))continue;let o=s("button","xaiw-button",e.text);o.type="button",o.disabled=e.off===!0,e.label&&(o.title=e.label),o.setAttribute("data-key",`action ${e.action}`),o.addEventListener("click",()=>i({type:"action",name:e.action})),a.append(o)}return a}function G(t,i,a){let e="";return t.addEventListener("keydown",o=>{let n={ArrowDown:1,ArrowUp:-1}[o.key];if(!n)return;let r=[...t.querySelectorAll(".xaiw-row-main")],l=r.findIndex(x=>x.parentElement?.contains(document.activeElement)),p=r[l+n];p&&(o.preventDefault(),p.focus())}),{draw(o,n){let r=JSON.stringify([o,Object.keys(n)]);r!==e&&(e=r,t.hidden=!o||o.rows.length===0,o&&(t.setAttribute("role","group"),t.setAttribute("aria-label",o.label),A(t,it(o,n,i,a))))},heat(o){for(let n of t.querySelectorAll(".xaiw-row"))n.classList.toggle("xaiw-hot",o!==null&&n.dataset.row===o)}}}function it(t,i,a,e){let o=[],n=null,r;for(let l of t.rows){if(!n||l.group!==r){if(r=l.group,n=s("ul","xaiw-rows"),r){let p=s("div","xaiw-group",r);p.style.color=l.color,n.setAttribute("aria-label",r),o.push(p)}o.push(n)}n.append(nt(l,t,i[l.key],a,e))}return o}function nt(t,i,a,e,o){let n=s("li","xaiw-row");n.dataset.row=t.key,n.classList.toggle("xaiw-chosen",t.selected===!0),n.classList.toggle("xaiw-off",t.hidden===!0),n.style.setProperty("--xw-row",t.color);let r=s("button","xaiw-row-main");r.type="button",r.setAttribute("data-key",`row ${t.key}`),r.setAttribute("aria-pressed",String(t.selected===!0));let l=[t.group,t.text,t.note,t.value&&`${t.value} ${i.unit}`];r.setAttribute("aria-label",l.filter(Boolean).join(", ")),t.title&&(r.title=t.title),a?r.append(ot(a)):i.second!=="show"&&r.append(T(t.color,t.dash));let p=s("span","xaiw-name",t.text);t.note&&p.append(" ",s("span","xaiw-note",t.note)),r.append(p,s("span","xaiw-value",t.value)),r.addEventListener("click",()=>e({type:"row",key:t.key,how:"pick"}));let x=at(t,i,e);if(i.second==="show"&&x?n.append(x,r):n.append(r,...x?[x]:[]),t.bar!==void 0){let f=s("span","xaiw-bar");f.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,t.bar)))}%`),n.append(f)}return n.addEventListener("pointerenter",()=>o(t.key)),n.addEventListener("pointerleave",()=>o(null)),n.addEventListener("focusin",()=>o(t.key)),n.addEventListener("focusout",()=>o(null)),n}function at(t,i,a){if(!i.second)return null;let e=i.second==="pin",o=s("button",e?"xaiw-pin":"xaiw-swatch");o.type="button",o.setAttribute("data-key",`second ${t.key}`);let n=e?t.pinned===!0:t.hidden!==!0;o.setAttribute("aria-pressed",String(n));let r=e?n?"Unpin":"Pin":n?"Hide":"Show";return o.setAttribute("aria-label",`${r} ${t.text}`),o.title=`${r} ${t.text}`,e?o.textContent=n?"unpin":"pin":o.append(T(t.color,t.dash)),o.addEventListener("click",()=>a({type:"row",key:t.key,how:"second"})),o}function ot(t){let i=s("img","xaiw-thumb");return i.alt="",t.startsWith("data:image/png;base64,")&&(i.src=t),i}var rt=14;function st(t){let i=[];for(let a of t.split("M")){let e=[];for(let o of a.replace(/Z/g,"").split("L")){let[n,r]=o.split(",").map(Number);n!==void 0&&r!==void 0&&Number.isFinite(n)&&Number.isFinite(r)&&e.push([n,r])}e.length&&i.push(e)}return i}function lt(t,i,a){let e=1/0;for(let o of t)for(let n=0;n<o.length;n++){let[r,l]=o[Math.max(0,n-1)],[p,x]=o[n],[f,c]=[p-r,x-l],g=f*f+c*c,m=g===0?0:Math.min(1,Math.max(0,((i-r)*f+(a-l)*c)/g));e=Math.min(e,Math.hypot(i-r-m*f,a-l-m*c))}return e}function K(t,i,a){let o=[...t?.querySelectorAll(".tick")??[]].map(l=>{let p=/translate\(([-\d.e]+), ([-\d.e]+)\)/.exec(l.getAttribute("transform")??""),x=(l.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(p?.[i?2:1]??NaN),x===""?NaN:Number(x)]}).filter(([l,p])=>Number.isFinite(l)&&Number.isFinite(p)),[n,r]=[o[0],o.at(-1)];return!n||!r||n[0]===r[0]?null:n[1]+(a-n[0])*(r[1]-n[1])/(r[0]-n[0])}function _(t,i,a,e,o){let n=[],r="",l=[],p="",x=s("div","xaiw-tip");x.hidden=!0,i.append(x);let f=new WeakMap,c=()=>t.querySelector(".xaiw-plot"),g=()=>[...c()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],m=(d,u=g())=>d.curve?u[d.curve[0]]?.querySelectorAll(":scope > g.curve")[d.curve[1]]?.querySelector("path.line")??null:null,v=d=>{let u=d.getAttribute("d")??"",w=f.get(d);if(w?.d===u)return w.runs;let b=st(u);return f.set(d,{d:u,runs:b}),b},k=d=>{let w=c()?.querySelector(".plotarea_events")?.getScreenCTM();if(!w)return null;let b=new DOMPoint(d.clientX,d.clientY).matrixTransform(w.inverse());return[b.x,b.y]},h=d=>{let u=null,w=rt,b=g();for(let L of n){if(L.hidden)continue;let E=m(L,b),S=E?lt(v(E),d[0],d[1]):1/0;S<w&&([u,w]=[L,S])}return u},C=(d,u,w)=>{let b=m(d),E=(b?v(b).flat():[]).reduce((H,U)=>H&&Math.abs(H[0]-u[0])<=Math.abs(U[0]-u[0])?H:U,null),S=c()?.querySelectorAll(".svg-background g.axis"),O=E&&K(S?.[0],!1,E[0]),z=E&&K(S?.[1],!0,E[1]),Z=[d.text,d.note].filter(Boolean).join(" "),Q=O!==null&&z!==null?`epoch ${Math.round(O)}, ${z.toFixed(2)} ${r}`.trim():"";x.replaceChildren(s("b","",Z),s("span","",Q)),x.hidden=!1;let q=t.getBoundingClientRect(),tt=Math.min(w.clientX-q.left+12,q.width-x.offsetWidth-6);x.style.left=`${Math.max(6,tt)}px`,x.style.top=`${w.clientY-q.top-x.offsetHeight-10}px`},M=d=>d.target instanceof Element&&!!d.target.closest(".xaiw-plot"),F=()=>{x.hidden||o(null),x.hidden=!0,c()?.classList.remove("xaiw-reach")};t.addEventListener("pointermove",d=>{let u=M(d)?k(d):null,w=u&&h(u);if(!u||!w)return F();c()?.classList.add("xaiw-reach"),o(w.key),C(w,u,d)},{signal:a}),t.addEventListener("pointerleave",F,{signal:a}),t.addEventListener("click",d=>{let u=M(d)?k(d):null,w=u&&h(u);w&&e(w.key)},{signal:a});let I=()=>{let d=c()?.querySelector(".svg-figure");if(!d){a.aborted||setTimeout(I,300);return}d.setAttribute("role","img"),d.setAttribute("aria-label",p),c()?.querySelector(".svg-background")?.setAttribute("aria-hidden","true")};return{rows(d,u,w){[n,r,l]=[d,u,w],l.forEach((b,L)=>t.style.setProperty(`--xw-dash${L}`,b.length?b.join(" "):"none"))},describe(d){p=d,I()},heat(d){c()?.classList.toggle("xaiw-heated",d!==null);for(let w of c()?.querySelectorAll("path.line.xaiw-hot")??[])w.classList.remove("xaiw-hot");let u=d===null?void 0:n.find(w=>w.key===d);u&&m(u)?.classList.add("xaiw-hot")}}}var X=`.xaiw {
  --xw-text: var(--jp-ui-font-color1, var(--vscode-foreground, #1b1f23));
  --xw-quiet: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #5f6b76));
  --xw-ground: var(--jp-layout-color1, var(--vscode-editor-background, #fff));
  --xw-edge: var(--jp-border-color2, #e3e6e9);
  --xw-soft: var(--jp-layout-color2, #f2f4f5);
  --xw-grid: rgb(100 116 139 / .17);
  --xw-accent: #0072b2;
  --xw-good: #009e73;
  --xw-warm: #c4500a;
  --xw-track: rgb(100 116 139 / .22);
  color: var(--xw-text);
  font: 13px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums;
  box-sizing: border-box;
}
.xaiw.xaiw-dark {
  --xw-accent: #56b4e9;
  --xw-good: #2bc295;
  --xw-warm: #ff8a4c;
  --xw-grid: rgb(160 174 192 / .16);
  --xw-track: rgb(160 174 192 / .24);
}
.xaiw *, .xaiw *::before, .xaiw *::after { box-sizing: border-box; }
.xaiw [hidden] { display: none !important; }
.xaiw.jupyter-widgets, .xaiw .jupyter-widgets.widget-box { overflow: visible; margin: 0; min-width: 0; }
.xaiw.xaiw-view { container: xaiw-view / inline-size; width: 100%; }
.xaiw .xaiw-front { display: contents; }

/* a panel: head, tools, chart with legend, notices */
.xaiw .jupyter-widgets.xaiw-panel {
  position: relative; display: grid; gap: 0 16px; align-content: start;
  grid-template: "head head" auto "tools tools" auto "plot legend" auto "strip strip" auto / minmax(0, 1fr) minmax(0, 190px);
  padding: 12px 14px 10px; border: 1px solid var(--xw-edge); border-radius: 8px; background: var(--xw-ground);
}
.xaiw .jupyter-widgets.xaiw-panel.xaiw-wide-legend { grid-template-columns: minmax(0, 1fr) minmax(0, 208px); }
.xaiw .jupyter-widgets.xaiw-panel.xaiw-alone { grid-template: "head" auto "tools" auto "plot" auto "strip" auto / minmax(0, 1fr); }
.xaiw-head { grid-area: head; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; margin-bottom: 6px; }
.xaiw-title, .xaiw-run-title { font-weight: 600; }
.xaiw-words, .xaiw-tools { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 5px; color: var(--xw-quiet); }
.xaiw-tools { grid-area: tools; gap: 2px 8px; margin-bottom: 8px; }
.xaiw-said { white-space: pre-wrap; overflow-wrap: anywhere; min-width: 0; }
.xaiw-word { position: relative; display: inline-block; color: var(--xw-text); border-bottom: 1px dotted var(--xw-quiet); line-height: 1.3; max-width: 16em; }
.xaiw-shown { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.xaiw-word select {
  position: absolute; inset: 0; width: 100%; height: 100%; opacity: 0; margin: 0; padding: 0; border: 0; font: inherit; cursor: pointer;
}
.xaiw-word select option { color: #111; background: #fff; }
.xaiw-word:hover, .xaiw-press:hover:not(:disabled) { color: var(--xw-accent); border-bottom-color: currentColor; }
.xaiw-press { all: unset; cursor: pointer; color: var(--xw-text); border-bottom: 1px dotted var(--xw-quiet); line-height: 1.3; }
.xaiw-press:disabled { color: var(--xw-quiet); border-bottom-color: transparent; cursor: default; }
.xaiw-word:focus-within, .xaiw button:focus-visible, .xaiw summary:focus-visible { outline: 2px solid var(--xw-accent); outline-offset: 2px; border-radius: 3px; }
.xaiw-button {
  all: unset; cursor: pointer; padding: 2px 10px; border: 1px solid var(--xw-edge); border-radius: 6px; color: var(--xw-text); white-space: nowrap;
}
.xaiw-button:hover:not(:disabled) { border-color: var(--xw-quiet); }
.xaiw-button:disabled { color: var(--xw-quiet); cursor: default; opacity: .6; }

/* legend */
.xaiw-legend { grid-area: legend; min-width: 0; align-self: start; max-height: 348px; overflow-y: auto; scrollbar-width: thin; padding: 2px; }
.xaiw ul.xaiw-rows { list-style: none; margin: 0; padding: 0; }
.xaiw-group { font-size: 12px; margin: 6px 0 2px; }
.xaiw-group:first-child { margin-top: 0; }
.xaiw li.xaiw-row { position: relative; display: flex; align-items: center; margin: 0; padding: 0; border-radius: 4px; list-style: none; }
.xaiw-row-main { all: unset; flex: 1; min-width: 0; display: flex; align-items: center; gap: 7px; cursor: pointer; padding: 2px 6px 4px 2px; }
.xaiw-swatch { all: unset; flex: none; cursor: pointer; padding: 2px 3px; line-height: 0; }
.xaiw-row.xaiw-hot, .xaiw-row.xaiw-chosen { background: var(--xw-soft); }
.xaiw-row.xaiw-chosen .xaiw-name { font-weight: 600; }
.xaiw-row.xaiw-off { opacity: .45; }
.xaiw-name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.xaiw-note { color: var(--xw-quiet); font-weight: 400; }
.xaiw-value { flex: none; }
.xaiw-bar { position: absolute; left: 3px; right: 6px; bottom: 0; height: 2px; pointer-events: none; }
.xaiw-bar::after { content: ""; position: absolute; left: 0; top: 0; height: 2px; width: var(--xw-length); background: var(--xw-row); opacity: .6; border-radius: 1px; transition: width .15s; }
.xaiw-thumbed li.xaiw-row { border-left: 2px solid var(--xw-row); border-radius: 0 4px 4px 0; padding-left: 4px; }
.xaiw-thumb { flex: none; width: 22px; height: 22px; object-fit: contain; border-radius: 3px; image-rendering: pixelated; background: var(--xw-soft); }
.xaiw-pin {
  all: unset; position: absolute; right: 0; top: 0; bottom: 0; display: flex; align-items: center; padding: 0 6px; opacity: 0; font-size: 12px; cursor: pointer;
  color: var(--xw-quiet); background: linear-gradient(90deg, transparent, var(--xw-soft) 8px);
}
.xaiw-row:hover .xaiw-pin, .xaiw-pin:focus-visible { opacity: 1; }
.xaiw-pin:hover { color: var(--xw-accent); }

/* bqplot, made quiet */
.xaiw .xaiw-plot.bqplot { grid-area: plot; min-width: 0; background: transparent; }
.xaiw .bqplot svg text, .xaiw .bqplot .axis text { fill: var(--xw-quiet); font: 11px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-weight: 400; }
.xaiw .bqplot .plotarea_background { fill: transparent; stroke: none; }
.xaiw .bqplot .axis path.domain { stroke: none; }
.xaiw .bqplot .axis .tick line { stroke: var(--xw-grid); stroke-dasharray: none; opacity: 1; }
.xaiw .bqplot .axis .tick.short line { stroke: none; }
.xaiw .bqplot .toolbar_div { display: none !important; }
.xaiw .bqplot path.line { stroke-linejoin: round; stroke-linecap: butt; }
.xaiw .bqplot path.line.xaiw-hot { stroke-width: 3px !important; opacity: 1 !important; }
.xaiw .xaiw-heated.bqplot path.line:not(.xaiw-hot) { filter: opacity(.55); }
.xaiw .xaiw-reach.bqplot { cursor: pointer; }
.xaiw .bqplot .svg-figure > g > g:first-of-type > g:nth-child(1) path.line { stroke-dasharray: var(--xw-dash0) !important; }
.xaiw .bqplot .svg-figure > g > g:first-of-type > g:nth-child(2) path.line { stroke-dasharray: var(--xw-dash1) !important; }
.xaiw .bqplot .svg-figure > g > g:first-of-type > g:nth-child(3) path.line { stroke-dasharray: var(--xw-dash2) !important; }
.xaiw .bqplot .svg-figure > g > g:first-of-type > g:nth-child(4) path.line { stroke-dasharray: var(--xw-dash3) !important; }
.xaiw .bqplot .svg-figure > g > g:first-of-type > g:nth-child(5) path.line { stroke-dasharray: var(--xw-dash4) !important; }
.xaiw .bqplot .svg-figure > g > g:first-of-type > g:nth-child(6) path.line { stroke-dasharray: var(--xw-dash5) !important; }
.xaiw .bqplot .svg-figure > g > g:first-of-type > g:nth-child(7) path.line { stroke-dasharray: var(--xw-dash6) !important; }
.xaiw-tip {
  position: absolute; z-index: 5; pointer-events: none; display: flex; gap: 8px; padding: 3px 8px; border-radius: 5px; white-space: nowrap;
  max-width: 90%; overflow: hidden; background: var(--xw-text); color: var(--xw-ground); font-size: 12px;
}
.xaiw-tip b { font-weight: 600; overflow: hidden; text-overflow: ellipsis; }

/* states and notices */
.xaiw-empty { grid-area: plot; z-index: 1; align-self: center; justify-self: center; text-align: center; padding: 24px; max-width: 40ch; pointer-events: none; }
.xaiw-empty-text { overflow-wrap: anywhere; }
.xaiw-empty-hint { color: var(--xw-quiet); overflow-wrap: anywhere; }
.xaiw-strip { grid-area: strip; display: flex; flex-wrap: wrap; align-items: center; gap: 4px 14px; margin-top: 8px; color: var(--xw-quiet); min-width: 0; }
.xaiw-strip.xaiw-error { color: var(--xw-warm); align-items: flex-start; }
.xaiw-fold { min-width: 0; flex: 1 1 60%; overflow-wrap: anywhere; }
.xaiw-fold summary { cursor: pointer; }
.xaiw-fold pre { margin: 6px 0 0; padding: 8px; max-height: 220px; overflow: auto; font-size: 12px; color: var(--xw-text); background: var(--xw-soft); border-radius: 4px; white-space: pre-wrap; }
.xaiw-progress { flex: 1 1 120px; min-width: 60px; height: 4px; border-radius: 2px; background: var(--xw-track); overflow: hidden; }
.xaiw-progress span { display: block; height: 100%; border-radius: 2px; background: var(--xw-accent); transition: width .15s; }

/* dashboard */
.xaiw .jupyter-widgets.xaiw-grid { display: grid; gap: 12px; grid-template-columns: minmax(0, .88fr) minmax(0, 1fr); align-items: stretch; }
.xaiw .xaiw-grid > .xaiw-view { display: flex; flex-direction: column; }
.xaiw .xaiw-grid > .xaiw-view > .xaiw-panel { flex: 1 1 auto; }
.xaiw-run { display: flex; flex-wrap: wrap; align-items: center; gap: 4px 16px; padding: 2px 4px 10px; }
.xaiw-run-title { font-size: 15px; overflow-wrap: anywhere; }
.xaiw-state { white-space: nowrap; }
.xaiw-state::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 50%; background: var(--xw-quiet); }
.xaiw-state[data-status="training"]::before { background: var(--xw-good); }
.xaiw-state[data-status="failed"]::before { background: var(--xw-warm); border-radius: 1px; }
.xaiw-state[data-status="paused"]::before { background: none; border: 2px solid var(--xw-quiet); }
.xaiw-facts { display: flex; flex-wrap: wrap; gap: 0 14px; color: var(--xw-quiet); }
.xaiw-run .xaiw-progress { flex: 1 1 160px; }
.xaiw-spring { flex: 1; }
.xaiw-buttons { display: flex; gap: 8px; margin-left: auto; }

/* saliency */
.xaiw .jupyter-widgets.xaiw-controls { grid-area: controls; display: flex; flex-flow: row wrap; gap: 0 22px; margin-bottom: 2px; }
.xaiw .jupyter-widgets.xaiw-panel.xaiw-saliency { grid-template: "head" auto "controls" auto "tools" auto "plot" auto "strip" auto / minmax(0, 1fr); }
.xaiw .jupyter-widgets.xaiw-samples { grid-area: plot; display: flex; flex-direction: column; gap: 10px; min-height: 140px; }
.xaiw .jupyter-widgets.xaiw-sample { display: grid; grid-template-columns: repeat(var(--xw-columns, 6), minmax(0, 1fr)); gap: 4px 7px; max-width: calc(var(--xw-columns, 6) * 170px); }
.xaiw .xaiw-caption { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 0 14px; min-width: 0; line-height: 1.45; height: auto; }
.xaiw-caption .xaiw-loss { margin-left: auto; color: var(--xw-quiet); }
.xaiw-caption b { font-weight: 600; overflow-wrap: anywhere; }
.xaiw .xaiw-cell { min-width: 0; color: var(--xw-quiet); font-size: 12px; }
.xaiw .xaiw-cell canvas { display: block; width: 100% !important; height: auto !important; border-radius: 4px; background: var(--xw-soft); }
.xaiw .xaiw-cell.xaiw-pixels canvas { image-rendering: pixelated; }
.xaiw .xaiw-stale canvas { opacity: .55; }
.xaiw .xaiw-cell-input::after { content: "Input"; }
.xaiw .xaiw-cell-overlay::after { content: "Overlay"; }
.xaiw .xaiw-cell-raw::after { content: "Raw"; }
.xaiw .xaiw-cell-smoothed::after { content: "Smoothed"; }
.xaiw .xaiw-cell-integrated::after { content: "Integrated"; }
.xaiw .xaiw-cell-smint::after { content: "SmInt"; }

/* ipywidgets sliders, made quiet */
.xaiw .widget-slider { width: auto; height: 28px; margin: 0; align-items: center; flex: 0 1 auto; color: var(--xw-text); }
.xaiw .widget-slider .widget-label { width: auto; min-width: 0; margin-right: 10px; color: var(--xw-quiet); font: inherit; }
.xaiw .widget-slider .widget-readout { width: auto; min-width: 34px; margin: 0; padding: 0 4px; color: var(--xw-text); font: inherit; text-align: left; }
.xaiw .widget-slider .slider-container { width: 108px; margin: 0 10px 0 0; }
.xaiw .widget-slider .noUi-target { height: 4px; border: 0; border-radius: 2px; background: var(--xw-track); box-shadow: none; margin: 0; padding: 0; }
.xaiw .widget-slider .noUi-base { height: 4px; }
.xaiw .widget-slider .noUi-handle {
  width: 14px; height: 14px; top: -5px; right: -7px; border: 2px solid var(--xw-accent); border-radius: 50%; background: var(--xw-ground); box-shadow: none; cursor: grab;
}
.xaiw .widget-slider .noUi-handle:focus-visible { outline: 2px solid var(--xw-accent); outline-offset: 2px; }
.xaiw .widget-slider .noUi-handle::before, .xaiw .widget-slider .noUi-handle::after { display: none; }

@container xaiw-view (max-width: 430px) {
  .xaiw .jupyter-widgets.xaiw-panel, .xaiw .jupyter-widgets.xaiw-panel.xaiw-wide-legend {
    grid-template: "head" auto "tools" auto "plot" auto "legend" auto "strip" auto / minmax(0, 1fr);
  }
  .xaiw .jupyter-widgets.xaiw-panel.xaiw-saliency { grid-template: "head" auto "controls" auto "tools" auto "plot" auto "strip" auto / minmax(0, 1fr); }
  .xaiw-legend { max-height: none; }
  .xaiw ul.xaiw-rows { columns: 2 150px; column-gap: 14px; }
  .xaiw li.xaiw-row { break-inside: avoid; }
  .xaiw .jupyter-widgets.xaiw-sample { --xw-columns: 3 !important; }
}
@container xaiw-view (max-width: 820px) {
  .xaiw .jupyter-widgets.xaiw-grid { grid-template-columns: minmax(0, 1fr); }
}
@media (prefers-reduced-motion: reduce) {
  .xaiw *, .xaiw *::after { transition: none !important; }
}
`;function Y(t){let i=t.getRootNode(),a=i instanceof ShadowRoot?i:document.head;if(a.querySelector("style[data-xaiw]"))return;let e=document.createElement("style");e.setAttribute("data-xaiw",""),e.textContent=X,a.append(e)}function pt(t){let i=t;for(;i;){let a=/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(getComputedStyle(i).backgroundColor);if(a&&Number(a[4]??1)>.5){let[n,r,l]=[Number(a[1]),Number(a[2]),Number(a[3])];return .299*n+.587*r+.114*l<128}let e=i.parentElement,o=i.getRootNode();i=e??(o instanceof ShadowRoot?o.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}function J(t,i,a){let e=null,o=()=>{let f=t.parentElement??t,c=pt(f);c!==e&&(e=c,t.classList.toggle("xaiw-dark",c),a(c))},n=()=>void setTimeout(o,60),r=new MutationObserver(n),l={attributes:!0,attributeFilter:["class","style","data-jp-theme-name","data-theme"]};r.observe(document.body,l),r.observe(document.documentElement,l);let p=new MutationObserver(()=>void setTimeout(o,200));p.observe(document.head,{childList:!0});let x=matchMedia("(prefers-color-scheme: dark)");x.addEventListener("change",n),i.addEventListener("abort",()=>{r.disconnect(),p.disconnect(),x.removeEventListener("change",n)}),o()}function N(t,i,a){i.forEach(([e,o],n)=>t.style.setProperty(`--xw-s${n}`,a?o:e))}function R(t,i,a){A(t,i.map(e=>"options"in e?xt(e,a):"action"in e?ct(e,a):s("span","xaiw-said",e.text)))}function xt(t,i){let a=s("span","xaiw-word"),e=s("select");e.setAttribute("aria-label",t.label),e.setAttribute("data-key",`word ${t.name}`),e.title=t.label;let o=t.value;for(let[r,l]of t.options){let p=s("option","",l);p.value=r,p.selected=r===t.value,p.selected&&(o=l),e.append(p)}let n=s("span","xaiw-shown",o);return n.setAttribute("aria-hidden","true"),e.addEventListener("change",()=>{n.textContent=e.selectedOptions[0]?.textContent??e.value,i({type:"word",name:t.name,value:e.value})}),a.append(n,e),a}function ct(t,i){let a=s("button","xaiw-press",t.text);return a.type="button",a.disabled=t.off===!0,a.setAttribute("data-key",`action ${t.action}`),t.label&&(a.setAttribute("aria-label",t.label),a.title=t.label),a.addEventListener("click",()=>i({type:"action",name:t.action})),a}function y(t,i,a,e){e();for(let o of a)t.on(`change:${o}`,e),i.addEventListener("abort",()=>t.off(`change:${o}`,e))}function ut({model:t,el:i}){let a=new AbortController,{signal:e}=a,o=n=>t.send(n);return t.get("kind")==="header"?wt(t,i,o,e):ft(t,i,o,e),P(i,".xaiw",e,n=>{Y(n);let r=!1;J(n,e,p=>{r=p,N(n,t.get("palette"),r),o({type:"view",dark:r,ratio:window.devicePixelRatio||1})});let l=()=>N(n,t.get("palette"),r);t.on("change:palette",l),e.addEventListener("abort",()=>t.off("change:palette",l))}),()=>a.abort()}function wt(t,i,a,e){let o=s("header","xaiw-run"),n=s("div","xaiw-strip");i.append(o,n);let r=D(o,a,e);y(t,e,["run"],()=>r(t.get("run"))),y(t,e,["strip"],()=>$(n,t.get("strip"),a))}function ft(t,i,a,e){let o=s("div","xaiw-head"),n=s("span","xaiw-title");n.setAttribute("role","heading"),n.setAttribute("aria-level","3");let r=s("span","xaiw-words");o.append(n,r);let l=s("div","xaiw-tools"),p=s("div","xaiw-legend"),x=s("div","xaiw-empty"),f=s("div","xaiw-strip"),c=s("div","xaiw-tips");i.append(o,l,p,x,f,c);let g=null,m=h=>{v.heat(h),g?.heat(h)},v=G(p,a,m),k=()=>{let h=t.get("legend");v.draw(h,t.get("thumbs")),g?.rows(h?.rows??[],h?.unit??"",t.get("dashes"))};y(t,e,["head"],()=>{n.textContent=t.get("head").title,R(r,t.get("head").words,a)}),y(t,e,["tools"],()=>{l.hidden=t.get("tools").length===0,R(l,t.get("tools"),a)}),y(t,e,["legend","thumbs"],k),y(t,e,["strip"],()=>$(f,t.get("strip"),a)),y(t,e,["empty"],()=>V(x,t.get("empty"))),P(i,".xaiw-panel",e,h=>{h.setAttribute("role","region"),h.setAttribute("aria-label",t.get("head").title),g=_(h,c,e,M=>a({type:"row",key:M,how:"pick"}),m),k(),y(t,e,["summary"],()=>g?.describe(t.get("summary")))})}var It={render:ut};export{It as default};
