function c(t,e={},...a){let n=document.createElement(t);for(let[i,o]of Object.entries(e))o===!0?n.setAttribute(i,""):o!==!1&&n.setAttribute(i,String(o));return n.append(...a),n}function S(t,e,a,n=""){let i=c("button",{type:"button",class:e,...n?{"aria-label":n,title:n}:{}},t);return i.addEventListener("click",a),i}function v(t,e){t.textContent!==e&&(t.textContent=e)}function g(t,e,a){a===null?t.removeAttribute(e):t.getAttribute(e)!==a&&t.setAttribute(e,a)}function T(t,e){let a=new Set(e);for(let r of[...t.children])a.has(r)||r.remove();let n=e.findIndex(r=>r.parentElement===t&&r.contains(document.activeElement)),i=Math.max(0,n),o=n<0?null:e[i];for(let r=i-1;r>=0;r--){let s=e[r];(s.nextElementSibling!==o||s.parentElement!==t)&&t.insertBefore(s,o),o=s}for(let r=n<0?0:i+1;r<e.length;r++){let s=e[r],d=r>0?e[r-1]:null;s.previousElementSibling===d&&s.parentElement===t||t.insertBefore(s,d?d.nextElementSibling:t.firstElementChild)}}function V(t,e){let a=document.createElementNS("http://www.w3.org/2000/svg",t);for(let[n,i]of Object.entries(e))a.setAttribute(n,String(i));return a}function K(t,e){let a=V("svg",{width:24,height:10,"aria-hidden":"true"}),n=V("line",{x1:1,x2:23,y1:5,y2:5,"stroke-width":2.4,"stroke-dasharray":e.length?e.join(" "):"none"});return n.style.stroke=t,a.append(n),a}function $(t,e,a,n){let i=()=>{if(a.aborted)return;let o=t.isConnected?t.closest(e):null;o?n(o):setTimeout(i,50)};i()}function I(t,e){let a=c("span",{class:"xaiw-said"}),n=c("details",{class:"xaiw-fold"}),i=c("summary"),o=c("pre");n.append(i,o);let r=O(),s=c("span",{class:"xaiw-said"}),d="",p=S("","xaiw-button",()=>e({type:"action",name:d}));return t.append(a,n,r.element,s,p),x=>{t.hidden=!x.level,t.className=`xaiw-strip xaiw-${x.level||"none"}`,g(t,"role",x.level==="error"?"alert":"status");let l=x.details!=="";a.hidden=l,n.hidden=!l,v(l?i:a,x.text),v(o,x.details),l||(n.open=!1),r.update(x.progress,x.text),s.hidden=!x.right,v(s,x.right),p.hidden=!x.action,d=x.action?.name??"",v(p,x.action?.text??"")}}function O(){let t=c("div",{class:"xaiw-progress"}),e=c("span");return t.append(e),g(t,"role","progressbar"),g(t,"aria-valuemin","0"),g(t,"aria-valuemax","100"),{element:t,update(a,n){t.hidden=a===null;let i=Math.round(100*Math.min(1,Math.max(0,a??0)));g(t,"aria-label",n||"progress"),g(t,"aria-valuenow",String(i)),e.style.width=`${i}%`}}}function _(t,e){t.hidden=!e,t.replaceChildren(),e&&t.append(c("div",{class:"xaiw-empty-text"},e.text),c("div",{class:"xaiw-empty-hint"},e.hint))}function J(t){let e=Math.max(0,Math.round(t));return e<100?`${e} s`:e<3600?`${Math.floor(e/60)} min ${e%60} s`:`${Math.floor(e/3600)} h ${Math.floor(e%3600/60)} min`}function Y(t,e,a){let n=null,i=performance.now(),o=c("span",{class:"xaiw-run-title"});g(o,"role","heading"),g(o,"aria-level","2");let r=c("span",{class:"xaiw-state"});g(r,"role","status");let[s,d,p]=[c("span"),c("span"),c("span",{class:"xaiw-time"})],x=c("span",{class:"xaiw-facts"});x.append(s,d,p);let l=O(),w=c("span",{class:"xaiw-buttons"});t.append(o,r,x,l.element,w);let f=dt(w,e),m=()=>{let k=n?.ticking?(performance.now()-i)/1e3:0,H=n?.left==null?"":`, ${J(n.left-k)} left`;v(p,n?.elapsed==null?"":`${J(n.elapsed+k)}${H}`)},M=setInterval(()=>{n?.ticking&&!document.hidden&&m()},1e3);return a.addEventListener("abort",()=>clearInterval(M)),k=>{n=k,i=performance.now(),t.hidden=!n,n&&(v(o,n.title),v(r,n.state),r.dataset.status=n.status,v(s,n.epoch),v(d,n.step),m(),l.update(n.progress,n.epoch),f(n.words))}}function dt(t,e){let a=new Map;return n=>{let i=[];for(let o of n){if(!("action"in o))continue;let r=o.action,s=a.get(r)??S("","xaiw-button",()=>e({type:"action",name:r}));a.set(r,s),v(s,o.text),s.disabled=o.off===!0,g(s,"title",o.label??null),i.push(s)}T(t,i)}}function X(t,e,a){let n=new Map,i=new Map;t.setAttribute("role","group"),t.addEventListener("keydown",r=>ct(t,r));let o=null;return t.addEventListener("pointerleave",()=>o?.()),{draw(r,s){if(o=null,r&&n.size&&t.matches(":hover")){for(let l of r.rows)n.get(l.key)?.update(l,r,s[l.key]);o=()=>this.draw(r,s);return}if(t.hidden=!r||r.rows.length===0,!r)return;let d=t.contains(document.activeElement)?document.activeElement:null;g(t,"aria-label",r.label);let p=new Set(r.rows.map(l=>l.key));for(let l of[...n.keys()])p.has(l)||n.delete(l);let x=new Map;for(let l of r.rows){let w=n.get(l.key)??pt(l.key,r.second,e,a);n.set(l.key,w),w.update(l,r,s[l.key]);let f=l.group??"";x.set(f,[...x.get(f)??[],w.element]),W(i,f).name.style.color=l.color}T(t,[...x.keys()].flatMap(l=>{let w=W(i,l);return l?[w.name,w.list]:[w.list]}));for(let[l,w]of x)T(W(i,l).list,w);d&&d!==document.activeElement&&t.contains(d)&&d.focus({preventScroll:!0})},heat(r){for(let[s,{element:d}]of n)d.classList.toggle("xaiw-hot",s===r)}}}function W(t,e){let a=t.get(e);if(a)return a;let n={name:c("div",{class:"xaiw-group"},e),list:c("ul",{class:"xaiw-rows"})};return e&&n.list.setAttribute("aria-label",e),t.set(e,n),n}function ct(t,e){let a={ArrowDown:1,ArrowUp:-1}[e.key];if(!a)return;let n=[...t.querySelectorAll(".xaiw-row-main")],i=n.findIndex(r=>r.parentElement?.contains(document.activeElement)),o=n[i+a];o&&(e.preventDefault(),o.focus())}function pt(t,e,a,n){let i=c("li",{class:"xaiw-row"});i.dataset.row=t;let o=S("","xaiw-row-main",()=>a({type:"row",key:t,how:"pick"})),r=c("span",{class:"xaiw-icon"}),s=c("span",{class:"xaiw-text"}),d=c("span",{class:"xaiw-note"}),p=c("span",{class:"xaiw-name"});p.append(s," ",d);let x=c("span",{class:"xaiw-value"}),l=S("",e==="pin"?"xaiw-pin":"xaiw-swatch",()=>a({type:"row",key:t,how:"second"})),w=c("span",{class:"xaiw-bar"});e==="show"?o.append(p,x):o.append(r,p,x),i.append(...e==="show"?[l,o]:e==="pin"?[o,l]:[o],w),i.addEventListener("pointerenter",()=>n(t)),i.addEventListener("pointerleave",()=>n(null)),i.addEventListener("focusin",()=>n(t)),i.addEventListener("focusout",()=>n(null));let f="";return{element:i,update(m,M,k){i.classList.toggle("xaiw-chosen",m.selected===!0),i.classList.toggle("xaiw-off",m.hidden===!0),i.style.setProperty("--xw-row",m.color),v(s,m.text),v(d,m.note??""),v(x,m.value),g(o,"aria-pressed",String(m.selected===!0));let H=[m.group,m.text,m.note,m.value&&`${m.value} ${M.unit}`];g(o,"aria-label",H.filter(Boolean).join(", ")),g(o,"title",m.title??null),w.hidden=m.bar===void 0,w.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,m.bar??0)))}%`);let A=JSON.stringify([k?.length,m.color,m.dash]);A!==f&&(f=A,(e==="show"?l:r).replaceChildren(k&&e!=="show"?ut(k):K(m.color,m.dash))),xt(l,m,e)}}}function xt(t,e,a){if(!a)return;let n=a==="pin",i=n?e.pinned===!0:e.hidden!==!0,o=n?i?"Unpin":"Pin":i?"Hide":"Show";g(t,"aria-pressed",String(i)),g(t,"aria-label",`${o} ${e.text}`),g(t,"title",`${o} ${e.text}`),n&&v(t,i?"unpin":"pin")}function ut(t){let e=c("img",{class:"xaiw-thumb"});return e.alt="",t.startsWith("data:image/png;base64,")&&(e.src=t),e}var wt=14;function mt(t){let e=[];for(let a of t.split("M")){let n=[];for(let i of a.replace(/Z/g,"").split("L")){let[o,r]=i.split(",").map(Number);o!==void 0&&r!==void 0&&Number.isFinite(o)&&Number.isFinite(r)&&n.push([o,r])}n.length&&e.push(n)}return e}function gt(t,e,a){let n=1/0;for(let i of t)for(let o=0;o<i.length;o++){let[r,s]=i[Math.max(0,o-1)],[d,p]=i[o],[x,l]=[d-r,p-s],w=x*x+l*l,f=w===0?0:Math.min(1,Math.max(0,((e-r)*x+(a-s)*l)/w));n=Math.min(n,Math.hypot(e-r-f*x,a-s-f*l))}return n}function Z(t,e,a){let i=[...t?.querySelectorAll(".tick")??[]].map(s=>{let d=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(s.getAttribute("transform")??""),p=(s.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(d?.[e?2:1]??NaN),p===""?NaN:Number(p)]}).filter(([s,d])=>Number.isFinite(s)&&Number.isFinite(d)),[o,r]=[i[0],i.at(-1)];return!o||!r||o[0]===r[0]?null:o[1]+(a-o[0])*(r[1]-o[1])/(r[0]-o[0])}function Q(t,e,a,n,i){let o=[],r="",s=[],d="",p=c("div",{class:"xaiw-tip"});p.hidden=!0,e.append(p);let x=new WeakMap,l=()=>t.querySelector(".xaiw-plot"),w=()=>[...l()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],f=(u,h=w())=>u.curve?h[u.curve[0]]?.querySelectorAll(":scope > g.curve")[u.curve[1]]?.querySelector("path.line")??null:null,m=u=>{let h=u.getAttribute("d")??"",b=x.get(u);if(b?.d===h)return b.runs;let E=mt(h);return x.set(u,{d:h,runs:E}),E},M=u=>{let b=l()?.querySelector(".plotarea_events")?.getScreenCTM();if(!b)return null;let E=new DOMPoint(u.clientX,u.clientY).matrixTransform(b.inverse());return[E.x,E.y]},k=u=>{let h=null,b=wt,E=w();for(let j of o){if(j.hidden)continue;let q=f(j,E),R=q?gt(m(q),u[0],u[1]):1/0;R<b&&([h,b]=[j,R])}return h},H=(u,h,b)=>{let E=f(u),q=(E?m(E).flat():[]).reduce((C,G)=>C&&Math.abs(C[0]-h[0])<=Math.abs(G[0]-h[0])?C:G,null),R=l()?.querySelectorAll(".svg-background g.axis"),U=q&&Z(R?.[0],!1,q[0]),D=q&&Z(R?.[1],!0,q[1]),rt=[u.text,u.note].filter(Boolean).join(" "),st=U!==null&&D!==null?`epoch ${Math.round(U)}, ${D.toFixed(2).replace("-0.00","0.00")} ${r}`.trim():"";p.replaceChildren(c("b",{},rt),c("span",{},st)),p.hidden=!1;let P=t.getBoundingClientRect(),lt=Math.min(b.clientX-P.left+12,P.width-p.offsetWidth-6);p.style.left=`${Math.max(6,lt)}px`,p.style.top=`${b.clientY-P.top-p.offsetHeight-10}px`},A=u=>u.target instanceof Element&&!!u.target.closest(".xaiw-plot"),y=()=>{p.hidden||i(null),p.hidden=!0,l()?.classList.remove("xaiw-reach")};t.addEventListener("pointermove",u=>{let h=A(u)?M(u):null,b=h&&k(h);if(!h||!b)return y();l()?.classList.add("xaiw-reach"),i(b.key),H(b,h,u)},{signal:a}),t.addEventListener("pointerleave",y,{signal:a}),t.addEventListener("click",u=>{let h=A(u)?M(u):null,b=h&&k(h);b&&n(b.key)},{signal:a});let N=()=>{let u=l()?.querySelector(".svg-figure");if(!u){a.aborted||setTimeout(N,300);return}u.setAttribute("role","img"),u.setAttribute("aria-label",d);for(let h of l()?.querySelectorAll(".svg-background, canvas")??[])h.setAttribute("aria-hidden","true")};return{rows(u,h,b){[o,r,s]=[u,h,b],s.forEach((E,j)=>t.style.setProperty(`--xw-dash${j}`,E.length?E.join(" "):"none"))},describe(u){d=u,N()},heat(u){l()?.classList.toggle("xaiw-heated",u!==null);for(let b of l()?.querySelectorAll("path.line.xaiw-hot")??[])b.classList.remove("xaiw-hot");let h=u===null?void 0:o.find(b=>b.key===u);h&&f(h)?.classList.add("xaiw-hot")}}}var tt={wide:440,narrow:620},ft=1150;function ht(t,e){let a=e.width<820,n=t!=="auto"?t:a||e.height<1100?"screen":"grid",i=a?tt.narrow:tt.wide;return{layout:n,narrow:a,height:Math.round(Math.min(ft,Math.max(i,e.height-18)))}}function bt(t){for(let e=t.parentElement;e&&e!==document.body;e=e.parentElement){let{overflowY:a}=getComputedStyle(e);if((a==="auto"||a==="scroll")&&vt(e))return e}return null}var vt=t=>t.scrollHeight>t.clientHeight+1||t.clientHeight>.4*window.innerHeight;function yt(){let t=()=>Math.random().toString(36).slice(2,12);try{let e=sessionStorage.getItem("xai_widgets.tab")??t();return sessionStorage.setItem("xai_widgets.tab",e),e}catch{return t()}}function et(t,e,a,n){let i=bt(t),o=`${yt()}-${t.closest(".jupyterlab-sidecar")?"pane":"page"}`,r="",s=0,d=(l,w)=>{let{width:f,height:m}=w,M=`${l} ${f} ${m}`;M!==r&&a({type:"place",name:o,value:l,width:f,height:m}),r=M},p=()=>{let l={width:Math.round(t.clientWidth),height:Math.round(i?.clientHeight??window.innerHeight)};if(l.width===0||l.height===0)return;let{layout:w,narrow:f,height:m}=ht(e(),l);t.dataset.layout=w,t.dataset.narrow=String(f),t.style.setProperty("--xw-screen",`${m}px`),clearTimeout(s),s=window.setTimeout(()=>d(w,l),150)},x=new ResizeObserver(p);return x.observe(t),i?x.observe(i):window.addEventListener("resize",p,{signal:n}),n.addEventListener("abort",()=>{x.disconnect(),clearTimeout(s),d("gone",{width:0,height:0})}),p(),p}var nt=`.xaiw {
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
.xaiw-legend { grid-area: legend; min-width: 0; align-self: start; max-height: 440px; overflow-y: auto; scrollbar-width: thin; padding: 2px 2px 5px; }
.xaiw ul.xaiw-rows { list-style: none; margin: 0; padding: 0; }
.xaiw-group { font-size: 12px; margin: 6px 0 2px; }
.xaiw-group:first-child { margin-top: 0; }
.xaiw li.xaiw-row { position: relative; display: flex; align-items: center; margin: 0; padding: 0; border-radius: 4px; list-style: none; }
.xaiw-row-main { all: unset; flex: 1; min-width: 0; display: flex; align-items: center; gap: 7px; cursor: pointer; padding: 2px 6px 4px 2px; }
.xaiw button.xaiw-row-main:focus-visible { outline-offset: -2px; }
.xaiw-swatch { all: unset; flex: none; cursor: pointer; padding: 2px 3px; line-height: 0; }
.xaiw-row.xaiw-hot, .xaiw-row.xaiw-chosen { background: var(--xw-row-ground); }
.xaiw-row.xaiw-chosen .xaiw-name { font-weight: 600; }
.xaiw-row.xaiw-off { opacity: .45; }
.xaiw-icon { flex: none; line-height: 0; }
.xaiw-name { unicode-bidi: isolate; flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.xaiw-note { color: var(--xw-quiet); font-weight: 400; }
.xaiw-value { flex: none; }
.xaiw-bar { position: absolute; left: 3px; right: 6px; bottom: 0; height: 2px; pointer-events: none; }
.xaiw-bar::after { content: ""; position: absolute; left: 0; top: 0; height: 2px; width: var(--xw-length); background: var(--xw-row); opacity: .6; border-radius: 1px; }
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
.xaiw-progress span { display: block; height: 100%; border-radius: 2px; background: var(--xw-accent); }

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

/* one screen: what was chosen stays in sight, the views that one chooses from lie behind tabs */
.xaiw-tabs { display: none; }
.xaiw.xaiw-dashboard[data-layout="screen"] { display: flex; flex-direction: column; height: var(--xw-screen); }
[data-layout="screen"] > .xaiw-grid.jupyter-widgets {
  flex: 1 1 0; min-height: 0; gap: 8px 12px; grid-template: "tabs" auto "view" minmax(0, 1fr) / minmax(0, 1fr);
}
.xaiw-answers[data-layout="screen"] > .xaiw-grid.jupyter-widgets {
  grid-template: "tabs answer" auto "view answer" minmax(0, 1fr) / minmax(0, 1.08fr) minmax(0, 1fr);
}
.xaiw-answers[data-layout="screen"][data-narrow="true"] > .xaiw-grid.jupyter-widgets {
  grid-template: "answer" minmax(0, 1fr) "tabs" auto "view" minmax(0, 1fr) / minmax(0, 1fr);
}
[data-layout="screen"] .xaiw-tabs { grid-area: tabs; display: flex; gap: 4px; min-width: 0; }
.xaiw .xaiw-tab {
  all: unset; flex: 1 1 0; min-width: 0; display: grid; grid-template-columns: minmax(0, 1fr) auto; column-gap: 6px; cursor: pointer;
  padding: 4px 10px; border-radius: 8px; border: 1px solid transparent; color: var(--xw-quiet);
}
.xaiw .xaiw-tab:hover { background: var(--xw-row-ground); }
.xaiw .xaiw-tab[aria-selected="true"] { border-color: var(--xw-edge); background: var(--xw-ground); box-shadow: inset 0 -2px 0 var(--xw-accent); }
.xaiw-tab-title { font-weight: 600; color: var(--xw-text); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.xaiw-tab-text { grid-column: 1 / -1; grid-row: 2; font-size: 12px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.xaiw-news { font-size: 12px; color: var(--xw-accent); white-space: nowrap; }
.xaiw-news::before { content: ""; display: inline-block; width: 6px; height: 6px; margin: 0 4px 1px 0; border-radius: 50%; background: var(--xw-accent); }
[data-layout="screen"] > .xaiw-grid > .xaiw-tab-classes, [data-layout="screen"] > .xaiw-grid > .xaiw-tab-instances, [data-layout="screen"] > .xaiw-grid > .xaiw-tab-map {
  grid-area: view; visibility: hidden; min-height: 0; overflow: hidden;
}
[data-layout="screen"][data-tab="classes"] > .xaiw-grid > .xaiw-tab-classes, [data-layout="screen"][data-tab="instances"] > .xaiw-grid > .xaiw-tab-instances,
[data-layout="screen"][data-tab="map"] > .xaiw-grid > .xaiw-tab-map { visibility: visible; }
[data-layout="screen"] > .xaiw-grid > .xaiw-tab-answer { grid-area: answer; min-height: 0; }
[data-layout="screen"] .jupyter-widgets.xaiw-panel { min-height: 0; }
[data-layout="screen"] .jupyter-widgets.xaiw-panel:not(.xaiw-saliency) { grid-template-rows: auto auto minmax(0, 1fr) auto; }
[data-layout="screen"] .xaiw-plot.bqplot { min-height: 0 !important; height: 100% !important; }
[data-layout="screen"] .xaiw-legend { max-height: 100%; align-self: stretch; }
[data-layout="screen"] .jupyter-widgets.xaiw-panel.xaiw-saliency { grid-template-rows: auto auto auto minmax(0, 1fr) auto 0; }
[data-layout="screen"] .jupyter-widgets.xaiw-samples { min-height: 0; overflow-y: auto; scrollbar-width: thin; }
[data-layout="screen"] .xw-map { height: 100%; display: flex; flex-direction: column; }
[data-layout="screen"] .xw-map > * { flex: none; }
[data-layout="screen"] .xw-map > .xw-stage { flex: 1 1 0; min-height: 150px; grid-template-rows: minmax(0, 1fr); }
[data-layout="screen"] .xw-map .xw-plot { height: auto; }
[data-layout="screen"] .xw-map .xw-side { max-height: 100%; }

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
`;function z(t){let e=t instanceof ShadowRoot?t:document.head;if(e.querySelector("style[data-xaiw]"))return;let a=document.createElement("style");a.setAttribute("data-xaiw",""),a.textContent=nt,e.append(a)}function F(t,e,a){e.forEach(([n,i],o)=>t.style.setProperty(`--xw-s${o}`,a?i:n))}function it(t,e,a){let n=new Map,i=Math.random().toString(36).slice(2,8);g(t,"role","tablist"),g(t,"aria-label","Views");let o=r=>{e.dataset.tab=r;for(let[s,{element:d}]of n)at(d,s===r);a({type:"tab",name:r})};return t.addEventListener("keydown",r=>Mt(t,r)),(r,s)=>{e.dataset.tab=s;for(let d of r){let{element:p,title:x,text:l,news:w}=n.get(d.name)??Et(d.name,o,n);v(x,d.title),v(l,d.text),v(w,d.news),w.hidden=d.news==="",at(p,d.name===s);let f=e.querySelector(`.xaiw-tab-${d.name}`);f&&(f.id||=`xaiw-${i}-${d.name}`,g(p,"aria-controls",f.id))}T(t,r.map(d=>n.get(d.name).element))}}function Et(t,e,a){let n=S("","xaiw-tab",()=>e(t)),[i,o,r]=[c("span",{class:"xaiw-tab-title"}),c("span",{class:"xaiw-tab-text"}),c("span",{class:"xaiw-news"})];n.append(i,o,r),g(n,"role","tab"),g(n,"data-tab",t);let s={element:n,title:i,text:o,news:r};return a.set(t,s),s}function at(t,e){g(t,"aria-selected",String(e)),g(t,"tabindex",e?"0":"-1")}function Mt(t,e){let a={ArrowRight:1,ArrowLeft:-1}[e.key];if(!a)return;let n=[...t.querySelectorAll(".xaiw-tab")],i=n.findIndex(r=>r===document.activeElement),o=n[(i+a+n.length)%n.length];i<0||!o||(e.preventDefault(),o.focus(),o.click())}function B(t,e){let a=new Map;return n=>{let i=new Map,o=n.map((d,p)=>{let x=`${p} ${JSON.stringify(d)}`,l=a.get(x)??St(d,e);return i.set(x,l),l}),s=(t.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word");T(t,o),a=i,s&&!t.contains(document.activeElement)&&[...t.querySelectorAll("[data-word]")].find(p=>p.getAttribute("data-word")===s)?.focus({preventScroll:!0})}}function St(t,e){return"options"in t?Lt(t,e):"action"in t?Tt(t,e):c("span",{class:t.text.startsWith(",")?"xaiw-said xaiw-comma":"xaiw-said"},t.text)}function Lt(t,e){let a=c("span",{class:"xaiw-word"}),n=c("select");n.setAttribute("aria-label",t.label),n.setAttribute("data-word",t.name),n.title=t.label;let i=t.value;for(let[r,s]of t.options){let d=c("option",{},s);d.value=r,d.selected=r===t.value,d.selected&&(i=s),n.append(d)}let o=c("span",{class:"xaiw-shown"},i);return o.setAttribute("aria-hidden","true"),n.addEventListener("change",()=>{o.textContent=n.selectedOptions[0]?.textContent??n.value,e({type:"word",name:t.name,value:n.value})}),a.append(o,n),a}function Tt(t,e){let a=S(t.text,"xaiw-press",()=>e({type:"action",name:t.action}),t.label);return a.disabled=t.off===!0,a.setAttribute("data-word",t.action),a}function Ht(t){let e=t.match(/[\d.]+/g)?.map(Number);if(!e||e.length<3||e.length>3&&e[3]<.5)return null;let a=t.startsWith("color(")?1:255,[n,i,o]=e.map(r=>r/a);return .2126*n+.7152*i+.0722*o}function At(t){let e=t.parentElement;for(;e;){let a=Ht(getComputedStyle(e).backgroundColor);if(a!==null)return a<.5;let n=e.getRootNode();e=e.parentElement??(n instanceof ShadowRoot?n.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}var qt=t=>t instanceof HTMLStyleElement||t instanceof HTMLLinkElement&&t.rel==="stylesheet",jt=t=>t.some(e=>[...e.addedNodes,...e.removedNodes].some(qt));function Rt(t,e){let a=[],n=()=>{a.forEach(clearTimeout),a=[0,60,250,700,1500].map(s=>window.setTimeout(t,s))},i=new MutationObserver(n),o=new MutationObserver(s=>void(jt(s)&&n())),r={attributes:!0,attributeFilter:["class","style","data-theme","data-jp-theme-name","data-jp-theme-light"]};i.observe(document.documentElement,r),i.observe(document.body,r),o.observe(document.head,{childList:!0}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",n,{signal:e}),e.addEventListener("abort",()=>{i.disconnect(),o.disconnect(),a.forEach(clearTimeout)}),n()}function ot(t,e,a){let n=null,i=()=>{let o=t.isConnected?At(t):n;o===null||o===n||(n=o,t.classList.toggle("xaiw-dark",o),a(o))};Rt(i,e),i()}function L(t,e,a,n){n();for(let i of a)t.on(`change:${i}`,n),e.addEventListener("abort",()=>t.off(`change:${i}`,n))}function $t({model:t,el:e}){z(document);let a=new AbortController,{signal:n}=a,i=s=>t.send(s),o=()=>i({type:"beat",name:String(t.get("beat"))});t.on("change:beat",o),n.addEventListener("abort",()=>t.off("change:beat",o));let r=t.get("kind");return r==="header"?Nt(t,e,i,n):r==="tabs"?Pt(t,e,i,n):Ct(t,e,i,n),r==="tabs"?()=>a.abort():($(e,".xaiw",n,s=>{z(s.getRootNode());let d=!1,p=!0;ot(s,n,l=>{d=l,F(s,t.get("palette"),d),i({type:"view",dark:d,ratio:window.devicePixelRatio||1,fresh:p}),p=!1});let x=()=>F(s,t.get("palette"),d);t.on("change:palette",x),n.addEventListener("abort",()=>t.off("change:palette",x))}),()=>a.abort())}function Nt(t,e,a,n){let i=c("div",{class:"xaiw-run"}),o=c("div",{class:"xaiw-strip"});e.append(i,o);let r=Y(i,a,n),s=I(o,a);L(t,n,["run"],()=>r(t.get("run"))),L(t,n,["strip"],()=>s(t.get("strip"))),$(e,".xaiw-dashboard",n,d=>{let p=et(d,()=>t.get("arrangement"),a,n);L(t,n,["arrangement"],p)})}function Pt(t,e,a,n){let i=c("div",{class:"xaiw-tabs"});e.append(i),$(e,".xaiw-dashboard",n,o=>{let r=it(i,o,a);L(t,n,["tabs","tab"],()=>r(t.get("tabs"),t.get("tab")))})}function Ct(t,e,a,n){let i=c("div",{class:"xaiw-head"}),o=c("span",{class:"xaiw-title"});o.setAttribute("role","heading"),o.setAttribute("aria-level","3");let r=c("span",{class:"xaiw-words"});i.append(o,r);let s=c("div",{class:"xaiw-tools"}),d=c("div",{class:"xaiw-legend"}),p=c("div",{class:"xaiw-empty"}),x=c("div",{class:"xaiw-strip"}),l=c("div",{class:"xaiw-tips"});e.append(i,s,d,p,x,l);let w=null,f=y=>{m.heat(y),w?.heat(y)},m=X(d,a,f),M=()=>{let y=t.get("legend");m.draw(y,t.get("thumbs")),w?.rows(y?.rows??[],y?.unit??"",t.get("dashes"))},k=B(r,a),H=B(s,a),A=I(x,a);L(t,n,["head"],()=>{o.textContent=t.get("head").title,k(t.get("head").words)}),L(t,n,["tools"],()=>{s.hidden=t.get("tools").length===0,H(t.get("tools"))}),L(t,n,["legend","thumbs"],M),L(t,n,["strip"],()=>A(t.get("strip"))),L(t,n,["empty"],()=>_(p,t.get("empty"))),$(e,".xaiw-panel",n,y=>{y.setAttribute("role","region"),y.setAttribute("aria-label",t.get("head").title),It(y,n),w=Q(y,l,n,u=>a({type:"row",key:u,how:"pick"}),f),M(),L(t,n,["summary"],()=>w?.describe(t.get("summary")))})}function It(t,e){let a=()=>{for(let i of t.querySelectorAll(".widget-slider")){let o=i.querySelector(".widget-label")?.textContent??"";for(let r of i.querySelectorAll(".noUi-handle, .widget-readout"))r.getAttribute("aria-label")!==o&&r.setAttribute("aria-label",o)}},n=new MutationObserver(a);n.observe(t,{childList:!0,subtree:!0}),e.addEventListener("abort",()=>n.disconnect()),a()}var ue={render:$t};export{ue as default};
