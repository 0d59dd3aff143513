function d(t,i="",n){let e=document.createElement(t);return i&&(e.className=i),n!==void 0&&(e.textContent=n),e}function L(t,i,n){let e=d("button",t,n);return e.type="button",e.addEventListener("click",i),e}function b(t,i){t.textContent!==i&&(t.textContent=i)}function h(t,i,n){n===null?t.removeAttribute(i):t.getAttribute(i)!==n&&t.setAttribute(i,n)}function T(t,i){let n=new Set(i);for(let e of[...t.children])n.has(e)||e.remove();i.forEach((e,o)=>{let a=t.children[o];a!==e&&t.insertBefore(e,a??null)})}var D="http://www.w3.org/2000/svg";function K(t,i){let n=document.createElementNS(D,"svg");n.setAttribute("width","24"),n.setAttribute("height","10"),n.setAttribute("aria-hidden","true");let e=document.createElementNS(D,"line");return e.setAttribute("x1","1"),e.setAttribute("x2","23"),e.setAttribute("y1","5"),e.setAttribute("y2","5"),e.setAttribute("stroke-width","2.4"),e.setAttribute("stroke-dasharray",i.length?i.join(" "):"none"),e.style.stroke=t,n.append(e),n}function C(t,i,n,e){let o=()=>{if(n.aborted)return;let a=t.isConnected?t.closest(i):null;a?e(a):setTimeout(o,50)};o()}function I(t,i){let n=d("span","xaiw-said"),e=d("details","xaiw-fold"),o=d("summary"),a=d("pre");e.append(o,a);let r=F(),l=d("span","xaiw-said"),w="",x=L("xaiw-button",()=>i({type:"action",name:w}));return t.append(n,e,r.element,l,x),s=>{t.hidden=!s.level,t.className=`xaiw-strip xaiw-${s.level||"none"}`,h(t,"role",s.level==="error"?"alert":"status");let p=s.details!=="";n.hidden=p,e.hidden=!p,b(p?o:n,s.text),b(a,s.details),p||(e.open=!1),r.update(s.progress,s.text),l.hidden=!s.right,b(l,s.right),x.hidden=!s.action,w=s.action?.name??"",b(x,s.action?.text??"")}}function F(){let t=d("div","xaiw-progress"),i=d("span");return t.append(i),h(t,"role","progressbar"),h(t,"aria-valuemin","0"),h(t,"aria-valuemax","100"),{element:t,update(n,e){t.hidden=n===null;let o=Math.round(100*Math.min(1,Math.max(0,n??0)));h(t,"aria-label",e||"progress"),h(t,"aria-valuenow",String(o)),i.style.width=`${o}%`}}}function _(t,i){t.hidden=!i,t.replaceChildren(),i&&t.append(d("div","xaiw-empty-text",i.text),d("div","xaiw-empty-hint",i.hint))}function J(t){let i=Math.max(0,Math.round(t));return i<100?`${i} s`:i<3600?`${Math.floor(i/60)} min ${i%60} s`:`${Math.floor(i/3600)} h ${Math.floor(i%3600/60)} min`}function X(t,i,n){let e=null,o=performance.now(),a=d("span","xaiw-run-title");h(a,"role","heading"),h(a,"aria-level","2");let r=d("span","xaiw-state");h(r,"role","status");let[l,w,x]=[d("span"),d("span"),d("span","xaiw-time")],s=d("span","xaiw-facts");s.append(l,w,x);let p=F(),f=d("span","xaiw-buttons");t.append(a,r,s,p.element,f);let y=ot(f,i),u=()=>{let k=e?.ticking?(performance.now()-o)/1e3:0,H=e?.left==null?"":`, ${J(e.left-k)} left`;b(x,e?.elapsed==null?"":`${J(e.elapsed+k)}${H}`)},M=setInterval(()=>{e?.ticking&&!document.hidden&&u()},1e3);return n.addEventListener("abort",()=>clearInterval(M)),k=>{e=k,o=performance.now(),t.hidden=!e,e&&(b(a,e.title),b(r,e.state),r.dataset.status=e.status,b(l,e.epoch),b(w,e.step),u(),p.update(e.progress,e.epoch),y(e.words))}}function ot(t,i){let n=new Map;return e=>{let o=[];for(let a of e){if(!("action"in a))continue;let r=a.action,l=n.get(r)??L("xaiw-button",()=>i({type:"action",name:r}));n.set(r,l),b(l,a.text),l.disabled=a.off===!0,h(l,"title",a.label??null),o.push(l)}T(t,o)}}function Y(t,i,n){let e=new Map,o=new Map;t.setAttribute("role","group"),t.addEventListener("keydown",r=>rt(t,r));let a=null;return t.addEventListener("pointerleave",()=>a?.()),{draw(r,l){if(a=null,r&&e.size&&t.matches(":hover")){for(let s of r.rows)e.get(s.key)?.update(s,r,l[s.key]);a=()=>this.draw(r,l);return}if(t.hidden=!r||r.rows.length===0,!r)return;h(t,"aria-label",r.label);let w=new Set(r.rows.map(s=>s.key));for(let s of[...e.keys()])w.has(s)||e.delete(s);let x=new Map;for(let s of r.rows){let p=e.get(s.key)??st(s.key,r.second,i,n);e.set(s.key,p),p.update(s,r,l[s.key]);let f=s.group??"";x.set(f,[...x.get(f)??[],p.element]),W(o,f).name.style.color=s.color}T(t,[...x.keys()].flatMap(s=>{let p=W(o,s);return s?[p.name,p.list]:[p.list]}));for(let[s,p]of x)T(W(o,s).list,p)},heat(r){for(let[l,{element:w}]of e)w.classList.toggle("xaiw-hot",l===r)}}}function W(t,i){let n=t.get(i);if(n)return n;let e={name:d("div","xaiw-group",i),list:d("ul","xaiw-rows")};return i&&e.list.setAttribute("aria-label",i),t.set(i,e),e}function rt(t,i){let n={ArrowDown:1,ArrowUp:-1}[i.key];if(!n)return;let e=[...t.querySelectorAll(".xaiw-row-main")],o=e.findIndex(r=>r.parentElement?.contains(document.activeElement)),a=e[o+n];a&&(i.preventDefault(),a.focus())}function st(t,i,n,e){let o=d("li","xaiw-row");o.dataset.row=t;let a=L("xaiw-row-main",()=>n({type:"row",key:t,how:"pick"})),r=d("span","xaiw-icon"),l=d("span","xaiw-text"),w=d("span","xaiw-note"),x=d("span","xaiw-name");x.append(l," ",w);let s=d("span","xaiw-value"),p=L(i==="pin"?"xaiw-pin":"xaiw-swatch",()=>n({type:"row",key:t,how:"second"})),f=d("span","xaiw-bar");i==="show"?a.append(x,s):a.append(r,x,s),o.append(...i==="show"?[p,a]:i==="pin"?[a,p]:[a],f),o.addEventListener("pointerenter",()=>e(t)),o.addEventListener("pointerleave",()=>e(null)),o.addEventListener("focusin",()=>e(t)),o.addEventListener("focusout",()=>e(null));let y="";return{element:o,update(u,M,k){o.classList.toggle("xaiw-chosen",u.selected===!0),o.classList.toggle("xaiw-off",u.hidden===!0),o.style.setProperty("--xw-row",u.color),b(l,u.text),b(w,u.note??""),b(s,u.value),h(a,"aria-pressed",String(u.selected===!0));let H=[u.group,u.text,u.note,u.value&&`${u.value} ${M.unit}`];h(a,"aria-label",H.filter(Boolean).join(", ")),h(a,"title",u.title??null),f.hidden=u.bar===void 0,f.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,u.bar??0)))}%`);let A=JSON.stringify([k?.length,u.color,u.dash]);A!==y&&(y=A,(i==="show"?p:r).replaceChildren(k&&i!=="show"?dt(k):K(u.color,u.dash))),lt(p,u,i)}}}function lt(t,i,n){if(!n)return;let e=n==="pin",o=e?i.pinned===!0:i.hidden!==!0,a=e?o?"Unpin":"Pin":o?"Hide":"Show";h(t,"aria-pressed",String(o)),h(t,"aria-label",`${a} ${i.text}`),h(t,"title",`${a} ${i.text}`),e&&b(t,o?"unpin":"pin")}function dt(t){let i=d("img","xaiw-thumb");return i.alt="",t.startsWith("data:image/png;base64,")&&(i.src=t),i}var pt=14;function xt(t){let i=[];for(let n of t.split("M")){let e=[];for(let o of n.replace(/Z/g,"").split("L")){let[a,r]=o.split(",").map(Number);a!==void 0&&r!==void 0&&Number.isFinite(a)&&Number.isFinite(r)&&e.push([a,r])}e.length&&i.push(e)}return i}function ct(t,i,n){let e=1/0;for(let o of t)for(let a=0;a<o.length;a++){let[r,l]=o[Math.max(0,a-1)],[w,x]=o[a],[s,p]=[w-r,x-l],f=s*s+p*p,y=f===0?0:Math.min(1,Math.max(0,((i-r)*s+(n-l)*p)/f));e=Math.min(e,Math.hypot(i-r-y*s,n-l-y*p))}return e}function Z(t,i,n){let o=[...t?.querySelectorAll(".tick")??[]].map(l=>{let w=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(l.getAttribute("transform")??""),x=(l.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(w?.[i?2:1]??NaN),x===""?NaN:Number(x)]}).filter(([l,w])=>Number.isFinite(l)&&Number.isFinite(w)),[a,r]=[o[0],o.at(-1)];return!a||!r||a[0]===r[0]?null:a[1]+(n-a[0])*(r[1]-a[1])/(r[0]-a[0])}function Q(t,i,n,e,o){let a=[],r="",l=[],w="",x=d("div","xaiw-tip");x.hidden=!0,i.append(x);let s=new WeakMap,p=()=>t.querySelector(".xaiw-plot"),f=()=>[...p()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],y=(c,g=f())=>c.curve?g[c.curve[0]]?.querySelectorAll(":scope > g.curve")[c.curve[1]]?.querySelector("path.line")??null:null,u=c=>{let g=c.getAttribute("d")??"",m=s.get(c);if(m?.d===g)return m.runs;let E=xt(g);return s.set(c,{d:g,runs:E}),E},M=c=>{let m=p()?.querySelector(".plotarea_events")?.getScreenCTM();if(!m)return null;let E=new DOMPoint(c.clientX,c.clientY).matrixTransform(m.inverse());return[E.x,E.y]},k=c=>{let g=null,m=pt,E=f();for(let P of a){if(P.hidden)continue;let q=y(P,E),j=q?ct(u(q),c[0],c[1]):1/0;j<m&&([g,m]=[P,j])}return g},H=(c,g,m)=>{let E=y(c),q=(E?u(E).flat():[]).reduce((N,V)=>N&&Math.abs(N[0]-g[0])<=Math.abs(V[0]-g[0])?N:V,null),j=p()?.querySelectorAll(".svg-background g.axis"),U=q&&Z(j?.[0],!1,q[0]),G=q&&Z(j?.[1],!0,q[1]),it=[c.text,c.note].filter(Boolean).join(" "),nt=U!==null&&G!==null?`epoch ${Math.round(U)}, ${G.toFixed(2)} ${r}`.trim():"";x.replaceChildren(d("b","",it),d("span","",nt)),x.hidden=!1;let $=t.getBoundingClientRect(),at=Math.min(m.clientX-$.left+12,$.width-x.offsetWidth-6);x.style.left=`${Math.max(6,at)}px`,x.style.top=`${m.clientY-$.top-x.offsetHeight-10}px`},A=c=>c.target instanceof Element&&!!c.target.closest(".xaiw-plot"),v=()=>{x.hidden||o(null),x.hidden=!0,p()?.classList.remove("xaiw-reach")};t.addEventListener("pointermove",c=>{let g=A(c)?M(c):null,m=g&&k(g);if(!g||!m)return v();p()?.classList.add("xaiw-reach"),o(m.key),H(m,g,c)},{signal:n}),t.addEventListener("pointerleave",v,{signal:n}),t.addEventListener("click",c=>{let g=A(c)?M(c):null,m=g&&k(g);m&&e(m.key)},{signal:n});let R=()=>{let c=p()?.querySelector(".svg-figure");if(!c){n.aborted||setTimeout(R,300);return}c.setAttribute("role","img"),c.setAttribute("aria-label",w);for(let g of p()?.querySelectorAll(".svg-background, canvas")??[])g.setAttribute("aria-hidden","true")};return{rows(c,g,m){[a,r,l]=[c,g,m],l.forEach((E,P)=>t.style.setProperty(`--xw-dash${P}`,E.length?E.join(" "):"none"))},describe(c){w=c,R()},heat(c){p()?.classList.toggle("xaiw-heated",c!==null);for(let m of p()?.querySelectorAll("path.line.xaiw-hot")??[])m.classList.remove("xaiw-hot");let g=c===null?void 0:a.find(m=>m.key===c);g&&y(g)?.classList.add("xaiw-hot")}}}var tt=`.xaiw {
  --xw-text: var(--jp-ui-font-color1, var(--vscode-foreground, #1b1f23));
  --xw-quiet: var(--jp-ui-font-color2, var(--vscode-descriptionForeground, #5f6b76));
  --xw-ground: var(--jp-layout-color1, var(--vscode-editor-background, #fff));
  --xw-edge: var(--jp-border-color2, #e3e6e9);
  --xw-soft: var(--jp-layout-color2, #f2f4f5);
  --xw-row-ground: color-mix(in srgb, var(--xw-text) 7%, var(--xw-ground));
  --xw-grid: rgb(100 116 139 / .17);
  --xw-accent: #0072b2;
  --xw-good: #009e73;
  --xw-warm: #b84a00;
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
  position: relative; display: grid; gap: 0 16px;
  grid-template: "head head" auto "tools tools" auto "plot legend" 1fr "strip strip" auto / minmax(0, 1fr) minmax(0, 190px);
  padding: 12px 14px 10px; border: 1px solid var(--xw-edge); border-radius: 8px; background: var(--xw-ground);
}
.xaiw .jupyter-widgets.xaiw-panel.xaiw-wide-legend { grid-template-columns: minmax(0, 1fr) minmax(0, 208px); }
.xaiw .jupyter-widgets.xaiw-panel.xaiw-alone { grid-template: "head" auto "tools" auto "plot" auto "strip" auto / minmax(0, 1fr); }
.xaiw-head { grid-area: head; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; margin-bottom: 6px; }
.xaiw-title, .xaiw-run-title { font-weight: 600; }
.xaiw-words, .xaiw-tools { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 5px; color: var(--xw-quiet); }
.xaiw-tools { grid-area: tools; gap: 2px 8px; margin-bottom: 8px; }
.xaiw-comma { margin-left: -5px; }
.xaiw-hide { display: none !important; }
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
.xaiw .xaiw-button {
  all: unset; cursor: pointer; padding: 2px 10px; border: 1px solid var(--xw-edge); border-radius: 6px; color: var(--xw-text); white-space: nowrap;
}
.xaiw .xaiw-button:hover:not(:disabled) { border-color: var(--xw-quiet); }
.xaiw .xaiw-button:disabled { color: var(--xw-quiet); cursor: default; opacity: .6; }

/* legend */
.xaiw-legend { grid-area: legend; min-width: 0; align-self: start; max-height: 440px; overflow-y: auto; scrollbar-width: thin; padding: 2px; }
.xaiw ul.xaiw-rows { list-style: none; margin: 0; padding: 0; }
.xaiw-group { font-size: 12px; margin: 6px 0 2px; }
.xaiw-group:first-child { margin-top: 0; }
.xaiw li.xaiw-row { position: relative; display: flex; align-items: center; margin: 0; padding: 0; border-radius: 4px; list-style: none; }
.xaiw-row-main { all: unset; flex: 1; min-width: 0; display: flex; align-items: center; gap: 7px; cursor: pointer; padding: 2px 6px 4px 2px; }
.xaiw-swatch { all: unset; flex: none; cursor: pointer; padding: 2px 3px; line-height: 0; }
.xaiw-row.xaiw-hot, .xaiw-row.xaiw-chosen { background: var(--xw-row-ground); }
.xaiw-row.xaiw-chosen .xaiw-name { font-weight: 600; }
.xaiw-row.xaiw-off { opacity: .45; }
.xaiw-icon { flex: none; line-height: 0; }
.xaiw-name { unicode-bidi: isolate; flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.xaiw-note { color: var(--xw-quiet); font-weight: 400; }
.xaiw-value { flex: none; }
.xaiw-bar { position: absolute; left: 3px; right: 6px; bottom: 0; height: 2px; pointer-events: none; }
.xaiw-bar::after { content: ""; position: absolute; left: 0; top: 0; height: 2px; width: var(--xw-length); background: var(--xw-row); opacity: .6; border-radius: 1px; transition: width .15s; }
.xaiw-thumbed li.xaiw-row { border-left: 2px solid var(--xw-row); border-radius: 0 4px 4px 0; padding-left: 4px; }
.xaiw-thumb { flex: none; width: 22px; height: 22px; object-fit: contain; border-radius: 3px; image-rendering: pixelated; background: var(--xw-soft); }
.xaiw-pin {
  all: unset; position: absolute; right: 0; top: 0; bottom: 0; display: flex; align-items: center; justify-content: flex-end; min-width: 52px; padding: 0 6px;
  opacity: 0; font-size: 12px; cursor: pointer; color: var(--xw-text); background: linear-gradient(90deg, transparent, var(--xw-row-ground) 10px); border-radius: 4px;
}
.xaiw-row:hover .xaiw-pin, .xaiw-pin:focus-visible { opacity: 1; }
.xaiw-pin:hover { color: var(--xw-accent); }

/* bqplot, made quiet */
.xaiw .xaiw-plot.bqplot { grid-area: plot; min-width: 0; background: transparent; }
.xaiw .bqplot svg text, .xaiw .bqplot .axis text { fill: var(--xw-quiet) !important; font: 400 11px/1.2 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif !important; }
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
.xaiw-buttons { display: flex; gap: 8px; margin-left: auto; }

/* saliency */
.xaiw .jupyter-widgets.xaiw-controls { grid-area: controls; display: flex; flex-flow: row wrap; gap: 0 22px; margin-bottom: 2px; }
.xaiw .jupyter-widgets.xaiw-panel.xaiw-saliency { grid-template: "head" auto "controls" auto "tools" auto "plot" auto "strip" auto "rest" 1fr / minmax(0, 1fr); }
.xaiw .jupyter-widgets.xaiw-samples { grid-area: plot; display: flex; flex-direction: column; gap: 10px; min-height: 140px; }
.xaiw .jupyter-widgets.xaiw-sample { display: grid; grid-template-columns: repeat(var(--xw-columns, 6), minmax(0, 1fr)); gap: 4px 7px; max-width: calc(var(--xw-columns, 6) * 170px); }
.xaiw .jupyter-widgets.xaiw-samples.xaiw-single .xaiw-sample { --xw-columns: 3; }
.xaiw .xaiw-caption { grid-column: 1 / -1; display: flex; flex-wrap: wrap; gap: 0 14px; min-width: 0; line-height: 1.45; height: auto; }
.xaiw-caption .xaiw-warm { color: var(--xw-warm); }
.xaiw-caption .xaiw-loss { margin-left: auto; color: var(--xw-quiet); }
.xaiw-caption b { font-weight: 600; overflow-wrap: anywhere; }
.xaiw .jupyter-widgets.xaiw-cell { display: block; min-width: 0; color: var(--xw-quiet); font-size: 12px; }
.xaiw .xaiw-cell canvas { display: block; width: 100% !important; height: auto !important; border-radius: 4px; background: var(--xw-soft); }
.xaiw .xaiw-cell.xaiw-pixels canvas { image-rendering: pixelated; }
.xaiw .xaiw-stale canvas, .xaiw .xaiw-old canvas { opacity: .5; }
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
.xaiw .widget-slider .slider-container { width: 84px; flex: 0 0 auto; margin: 0 10px 0 0; }
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
`;function B(t){let i=t instanceof ShadowRoot?t:document.head;if(i.querySelector("style[data-xaiw]"))return;let n=document.createElement("style");n.setAttribute("data-xaiw",""),n.textContent=tt,i.append(n)}function ut(t){let i=t;for(;i;){let n=/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(getComputedStyle(i).backgroundColor);if(n&&Number(n[4]??1)>.5){let[a,r,l]=[Number(n[1]),Number(n[2]),Number(n[3])];return .299*a+.587*r+.114*l<128}let e=i.parentElement,o=i.getRootNode();i=e??(o instanceof ShadowRoot?o.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}function et(t,i,n){let e=null,o=()=>{let s=t.parentElement??t,p=ut(s);p!==e&&(e=p,t.classList.toggle("xaiw-dark",p),n(p))},a=()=>void setTimeout(o,60),r=new MutationObserver(a),l={attributes:!0,attributeFilter:["class","style","data-jp-theme-name","data-theme"]};r.observe(document.body,l),r.observe(document.documentElement,l);let w=new MutationObserver(()=>void setTimeout(o,200));w.observe(document.head,{childList:!0});let x=matchMedia("(prefers-color-scheme: dark)");x.addEventListener("change",a),i.addEventListener("abort",()=>{r.disconnect(),w.disconnect(),x.removeEventListener("change",a)}),o()}function O(t,i,n){i.forEach(([e,o],a)=>t.style.setProperty(`--xw-s${a}`,n?o:e))}function z(t,i){let n=new Map;return e=>{let o=new Map,a=e.map((w,x)=>{let s=`${x} ${JSON.stringify(w)}`,p=n.get(s)??gt(w,i);return o.set(s,p),p}),l=(t.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word");T(t,a),n=o,l&&!t.contains(document.activeElement)&&[...t.querySelectorAll("[data-word]")].find(x=>x.getAttribute("data-word")===l)?.focus({preventScroll:!0})}}function gt(t,i){return"options"in t?mt(t,i):"action"in t?ft(t,i):d("span",t.text.startsWith(",")?"xaiw-said xaiw-comma":"xaiw-said",t.text)}function mt(t,i){let n=d("span","xaiw-word"),e=d("select");e.setAttribute("aria-label",t.label),e.setAttribute("data-word",t.name),e.title=t.label;let o=t.value;for(let[r,l]of t.options){let w=d("option","",l);w.value=r,w.selected=r===t.value,w.selected&&(o=l),e.append(w)}let a=d("span","xaiw-shown",o);return a.setAttribute("aria-hidden","true"),e.addEventListener("change",()=>{a.textContent=e.selectedOptions[0]?.textContent??e.value,i({type:"word",name:t.name,value:e.value})}),n.append(a,e),n}function ft(t,i){let n=L("xaiw-press",()=>i({type:"action",name:t.action}),t.text);return n.disabled=t.off===!0,n.setAttribute("data-word",t.action),t.label&&(n.setAttribute("aria-label",t.label),n.title=t.label),n}function S(t,i,n,e){e();for(let o of n)t.on(`change:${o}`,e),i.addEventListener("abort",()=>t.off(`change:${o}`,e))}function ht({model:t,el:i}){B(document);let n=new AbortController,{signal:e}=n,o=a=>t.send(a);return t.get("kind")==="header"?bt(t,i,o,e):vt(t,i,o,e),C(i,".xaiw",e,a=>{B(a.getRootNode());let r=!1,l=!0;et(a,e,x=>{r=x,O(a,t.get("palette"),r),o({type:"view",dark:r,ratio:window.devicePixelRatio||1,fresh:l}),l=!1});let w=()=>O(a,t.get("palette"),r);t.on("change:palette",w),e.addEventListener("abort",()=>t.off("change:palette",w))}),()=>n.abort()}function bt(t,i,n,e){let o=d("header","xaiw-run"),a=d("div","xaiw-strip");i.append(o,a);let r=X(o,n,e),l=I(a,n);S(t,e,["run"],()=>r(t.get("run"))),S(t,e,["strip"],()=>l(t.get("strip")))}function vt(t,i,n,e){let o=d("div","xaiw-head"),a=d("span","xaiw-title");a.setAttribute("role","heading"),a.setAttribute("aria-level","3");let r=d("span","xaiw-words");o.append(a,r);let l=d("div","xaiw-tools"),w=d("div","xaiw-legend"),x=d("div","xaiw-empty"),s=d("div","xaiw-strip"),p=d("div","xaiw-tips");i.append(o,l,w,x,s,p);let f=null,y=v=>{u.heat(v),f?.heat(v)},u=Y(w,n,y),M=()=>{let v=t.get("legend");u.draw(v,t.get("thumbs")),f?.rows(v?.rows??[],v?.unit??"",t.get("dashes"))},k=z(r,n),H=z(l,n),A=I(s,n);S(t,e,["head"],()=>{a.textContent=t.get("head").title,k(t.get("head").words)}),S(t,e,["tools"],()=>{l.hidden=t.get("tools").length===0,H(t.get("tools"))}),S(t,e,["legend","thumbs"],M),S(t,e,["strip"],()=>A(t.get("strip"))),S(t,e,["empty"],()=>_(x,t.get("empty"))),C(i,".xaiw-panel",e,v=>{v.setAttribute("role","region"),v.setAttribute("aria-label",t.get("head").title),yt(v,e),f=Q(v,p,e,c=>n({type:"row",key:c,how:"pick"}),y),M(),S(t,e,["summary"],()=>f?.describe(t.get("summary")))})}function yt(t,i){let n=()=>{for(let o of t.querySelectorAll(".widget-slider")){let a=o.querySelector(".widget-label")?.textContent??"";for(let r of o.querySelectorAll(".noUi-handle, .widget-readout"))r.getAttribute("aria-label")!==a&&r.setAttribute("aria-label",a)}},e=new MutationObserver(n);e.observe(t,{childList:!0,subtree:!0}),i.addEventListener("abort",()=>e.disconnect()),n()}var Gt={render:ht};export{Gt as default};
