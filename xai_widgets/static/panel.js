function d(t,n="",i){let e=document.createElement(t);return n&&(e.className=n),i!==void 0&&(e.textContent=i),e}function S(t,n,i){let e=d("button",t,i);return e.type="button",e.addEventListener("click",n),e}function v(t,n){t.textContent!==n&&(t.textContent=n)}function h(t,n,i){i===null?t.removeAttribute(n):t.getAttribute(n)!==i&&t.setAttribute(n,i)}function q(t,n){let i=new Set(n);for(let a of[...t.children])i.has(a)||a.remove();let e=n.findIndex(a=>a.parentElement===t&&a.contains(document.activeElement)),r=Math.max(0,e),o=e<0?null:n[r];for(let a=r-1;a>=0;a--){let s=n[a];(s.nextElementSibling!==o||s.parentElement!==t)&&t.insertBefore(s,o),o=s}for(let a=e<0?0:r+1;a<n.length;a++){let s=n[a],p=a>0?n[a-1]:null;s.previousElementSibling===p&&s.parentElement===t||t.insertBefore(s,p?p.nextElementSibling:t.firstElementChild)}}var D="http://www.w3.org/2000/svg";function K(t,n){let i=document.createElementNS(D,"svg");i.setAttribute("width","24"),i.setAttribute("height","10"),i.setAttribute("aria-hidden","true");let e=document.createElementNS(D,"line");return e.setAttribute("x1","1"),e.setAttribute("x2","23"),e.setAttribute("y1","5"),e.setAttribute("y2","5"),e.setAttribute("stroke-width","2.4"),e.setAttribute("stroke-dasharray",n.length?n.join(" "):"none"),e.style.stroke=t,i.append(e),i}function C(t,n,i,e){let r=()=>{if(i.aborted)return;let o=t.isConnected?t.closest(n):null;o?e(o):setTimeout(r,50)};r()}function I(t,n){let i=d("span","xaiw-said"),e=d("details","xaiw-fold"),r=d("summary"),o=d("pre");e.append(r,o);let a=B(),s=d("span","xaiw-said"),p="",c=S("xaiw-button",()=>n({type:"action",name:p}));return t.append(i,e,a.element,s,c),x=>{t.hidden=!x.level,t.className=`xaiw-strip xaiw-${x.level||"none"}`,h(t,"role",x.level==="error"?"alert":"status");let l=x.details!=="";i.hidden=l,e.hidden=!l,v(l?r:i,x.text),v(o,x.details),l||(e.open=!1),a.update(x.progress,x.text),s.hidden=!x.right,v(s,x.right),c.hidden=!x.action,p=x.action?.name??"",v(c,x.action?.text??"")}}function B(){let t=d("div","xaiw-progress"),n=d("span");return t.append(n),h(t,"role","progressbar"),h(t,"aria-valuemin","0"),h(t,"aria-valuemax","100"),{element:t,update(i,e){t.hidden=i===null;let r=Math.round(100*Math.min(1,Math.max(0,i??0)));h(t,"aria-label",e||"progress"),h(t,"aria-valuenow",String(r)),n.style.width=`${r}%`}}}function _(t,n){t.hidden=!n,t.replaceChildren(),n&&t.append(d("div","xaiw-empty-text",n.text),d("div","xaiw-empty-hint",n.hint))}function J(t){let n=Math.max(0,Math.round(t));return n<100?`${n} s`:n<3600?`${Math.floor(n/60)} min ${n%60} s`:`${Math.floor(n/3600)} h ${Math.floor(n%3600/60)} min`}function X(t,n,i){let e=null,r=performance.now(),o=d("span","xaiw-run-title");h(o,"role","heading"),h(o,"aria-level","2");let a=d("span","xaiw-state");h(a,"role","status");let[s,p,c]=[d("span"),d("span"),d("span","xaiw-time")],x=d("span","xaiw-facts");x.append(s,p,c);let l=B(),m=d("span","xaiw-buttons");t.append(o,a,x,l.element,m);let b=rt(m,n),u=()=>{let k=e?.ticking?(performance.now()-r)/1e3:0,H=e?.left==null?"":`, ${J(e.left-k)} left`;v(c,e?.elapsed==null?"":`${J(e.elapsed+k)}${H}`)},M=setInterval(()=>{e?.ticking&&!document.hidden&&u()},1e3);return i.addEventListener("abort",()=>clearInterval(M)),k=>{e=k,r=performance.now(),t.hidden=!e,e&&(v(o,e.title),v(a,e.state),a.dataset.status=e.status,v(s,e.epoch),v(p,e.step),u(),l.update(e.progress,e.epoch),b(e.words))}}function rt(t,n){let i=new Map;return e=>{let r=[];for(let o of e){if(!("action"in o))continue;let a=o.action,s=i.get(a)??S("xaiw-button",()=>n({type:"action",name:a}));i.set(a,s),v(s,o.text),s.disabled=o.off===!0,h(s,"title",o.label??null),r.push(s)}q(t,r)}}function Y(t,n,i){let e=new Map,r=new Map;t.setAttribute("role","group"),t.addEventListener("keydown",a=>st(t,a));let o=null;return t.addEventListener("pointerleave",()=>o?.()),{draw(a,s){if(o=null,a&&e.size&&t.matches(":hover")){for(let l of a.rows)e.get(l.key)?.update(l,a,s[l.key]);o=()=>this.draw(a,s);return}if(t.hidden=!a||a.rows.length===0,!a)return;let p=t.contains(document.activeElement)?document.activeElement:null;h(t,"aria-label",a.label);let c=new Set(a.rows.map(l=>l.key));for(let l of[...e.keys()])c.has(l)||e.delete(l);let x=new Map;for(let l of a.rows){let m=e.get(l.key)??lt(l.key,a.second,n,i);e.set(l.key,m),m.update(l,a,s[l.key]);let b=l.group??"";x.set(b,[...x.get(b)??[],m.element]),F(r,b).name.style.color=l.color}q(t,[...x.keys()].flatMap(l=>{let m=F(r,l);return l?[m.name,m.list]:[m.list]}));for(let[l,m]of x)q(F(r,l).list,m);p&&p!==document.activeElement&&t.contains(p)&&p.focus({preventScroll:!0})},heat(a){for(let[s,{element:p}]of e)p.classList.toggle("xaiw-hot",s===a)}}}function F(t,n){let i=t.get(n);if(i)return i;let e={name:d("div","xaiw-group",n),list:d("ul","xaiw-rows")};return n&&e.list.setAttribute("aria-label",n),t.set(n,e),e}function st(t,n){let i={ArrowDown:1,ArrowUp:-1}[n.key];if(!i)return;let e=[...t.querySelectorAll(".xaiw-row-main")],r=e.findIndex(a=>a.parentElement?.contains(document.activeElement)),o=e[r+i];o&&(n.preventDefault(),o.focus())}function lt(t,n,i,e){let r=d("li","xaiw-row");r.dataset.row=t;let o=S("xaiw-row-main",()=>i({type:"row",key:t,how:"pick"})),a=d("span","xaiw-icon"),s=d("span","xaiw-text"),p=d("span","xaiw-note"),c=d("span","xaiw-name");c.append(s," ",p);let x=d("span","xaiw-value"),l=S(n==="pin"?"xaiw-pin":"xaiw-swatch",()=>i({type:"row",key:t,how:"second"})),m=d("span","xaiw-bar");n==="show"?o.append(c,x):o.append(a,c,x),r.append(...n==="show"?[l,o]:n==="pin"?[o,l]:[o],m),r.addEventListener("pointerenter",()=>e(t)),r.addEventListener("pointerleave",()=>e(null)),r.addEventListener("focusin",()=>e(t)),r.addEventListener("focusout",()=>e(null));let b="";return{element:r,update(u,M,k){r.classList.toggle("xaiw-chosen",u.selected===!0),r.classList.toggle("xaiw-off",u.hidden===!0),r.style.setProperty("--xw-row",u.color),v(s,u.text),v(p,u.note??""),v(x,u.value),h(o,"aria-pressed",String(u.selected===!0));let H=[u.group,u.text,u.note,u.value&&`${u.value} ${M.unit}`];h(o,"aria-label",H.filter(Boolean).join(", ")),h(o,"title",u.title??null),m.hidden=u.bar===void 0,m.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,u.bar??0)))}%`);let A=JSON.stringify([k?.length,u.color,u.dash]);A!==b&&(b=A,(n==="show"?l:a).replaceChildren(k&&n!=="show"?pt(k):K(u.color,u.dash))),dt(l,u,n)}}}function dt(t,n,i){if(!i)return;let e=i==="pin",r=e?n.pinned===!0:n.hidden!==!0,o=e?r?"Unpin":"Pin":r?"Hide":"Show";h(t,"aria-pressed",String(r)),h(t,"aria-label",`${o} ${n.text}`),h(t,"title",`${o} ${n.text}`),e&&v(t,r?"unpin":"pin")}function pt(t){let n=d("img","xaiw-thumb");return n.alt="",t.startsWith("data:image/png;base64,")&&(n.src=t),n}var xt=14;function ct(t){let n=[];for(let i of t.split("M")){let e=[];for(let r of i.replace(/Z/g,"").split("L")){let[o,a]=r.split(",").map(Number);o!==void 0&&a!==void 0&&Number.isFinite(o)&&Number.isFinite(a)&&e.push([o,a])}e.length&&n.push(e)}return n}function wt(t,n,i){let e=1/0;for(let r of t)for(let o=0;o<r.length;o++){let[a,s]=r[Math.max(0,o-1)],[p,c]=r[o],[x,l]=[p-a,c-s],m=x*x+l*l,b=m===0?0:Math.min(1,Math.max(0,((n-a)*x+(i-s)*l)/m));e=Math.min(e,Math.hypot(n-a-b*x,i-s-b*l))}return e}function Z(t,n,i){let r=[...t?.querySelectorAll(".tick")??[]].map(s=>{let p=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(s.getAttribute("transform")??""),c=(s.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(p?.[n?2:1]??NaN),c===""?NaN:Number(c)]}).filter(([s,p])=>Number.isFinite(s)&&Number.isFinite(p)),[o,a]=[r[0],r.at(-1)];return!o||!a||o[0]===a[0]?null:o[1]+(i-o[0])*(a[1]-o[1])/(a[0]-o[0])}function Q(t,n,i,e,r){let o=[],a="",s=[],p="",c=d("div","xaiw-tip");c.hidden=!0,n.append(c);let x=new WeakMap,l=()=>t.querySelector(".xaiw-plot"),m=()=>[...l()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],b=(w,g=m())=>w.curve?g[w.curve[0]]?.querySelectorAll(":scope > g.curve")[w.curve[1]]?.querySelector("path.line")??null:null,u=w=>{let g=w.getAttribute("d")??"",f=x.get(w);if(f?.d===g)return f.runs;let E=ct(g);return x.set(w,{d:g,runs:E}),E},M=w=>{let f=l()?.querySelector(".plotarea_events")?.getScreenCTM();if(!f)return null;let E=new DOMPoint(w.clientX,w.clientY).matrixTransform(f.inverse());return[E.x,E.y]},k=w=>{let g=null,f=xt,E=m();for(let P of o){if(P.hidden)continue;let T=b(P,E),j=T?wt(u(T),w[0],w[1]):1/0;j<f&&([g,f]=[P,j])}return g},H=(w,g,f)=>{let E=b(w),T=(E?u(E).flat():[]).reduce(($,V)=>$&&Math.abs($[0]-g[0])<=Math.abs(V[0]-g[0])?$:V,null),j=l()?.querySelectorAll(".svg-background g.axis"),U=T&&Z(j?.[0],!1,T[0]),G=T&&Z(j?.[1],!0,T[1]),it=[w.text,w.note].filter(Boolean).join(" "),at=U!==null&&G!==null?`epoch ${Math.round(U)}, ${G.toFixed(2).replace("-0.00","0.00")} ${a}`.trim():"";c.replaceChildren(d("b","",it),d("span","",at)),c.hidden=!1;let N=t.getBoundingClientRect(),ot=Math.min(f.clientX-N.left+12,N.width-c.offsetWidth-6);c.style.left=`${Math.max(6,ot)}px`,c.style.top=`${f.clientY-N.top-c.offsetHeight-10}px`},A=w=>w.target instanceof Element&&!!w.target.closest(".xaiw-plot"),y=()=>{c.hidden||r(null),c.hidden=!0,l()?.classList.remove("xaiw-reach")};t.addEventListener("pointermove",w=>{let g=A(w)?M(w):null,f=g&&k(g);if(!g||!f)return y();l()?.classList.add("xaiw-reach"),r(f.key),H(f,g,w)},{signal:i}),t.addEventListener("pointerleave",y,{signal:i}),t.addEventListener("click",w=>{let g=A(w)?M(w):null,f=g&&k(g);f&&e(f.key)},{signal:i});let R=()=>{let w=l()?.querySelector(".svg-figure");if(!w){i.aborted||setTimeout(R,300);return}w.setAttribute("role","img"),w.setAttribute("aria-label",p);for(let g of l()?.querySelectorAll(".svg-background, canvas")??[])g.setAttribute("aria-hidden","true")};return{rows(w,g,f){[o,a,s]=[w,g,f],s.forEach((E,P)=>t.style.setProperty(`--xw-dash${P}`,E.length?E.join(" "):"none"))},describe(w){p=w,R()},heat(w){l()?.classList.toggle("xaiw-heated",w!==null);for(let f of l()?.querySelectorAll("path.line.xaiw-hot")??[])f.classList.remove("xaiw-hot");let g=w===null?void 0:o.find(f=>f.key===w);g&&b(g)?.classList.add("xaiw-hot")}}}var ut=t=>t instanceof HTMLStyleElement||t instanceof HTMLLinkElement&&t.rel==="stylesheet";function tt(t){return t.some(n=>[...n.addedNodes,...n.removedNodes].some(ut))}var et=`.xaiw {
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
`;function W(t){let n=t instanceof ShadowRoot?t:document.head;if(n.querySelector("style[data-xaiw]"))return;let i=document.createElement("style");i.setAttribute("data-xaiw",""),i.textContent=et,n.append(i)}function gt(t){let n=t;for(;n;){let i=/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(getComputedStyle(n).backgroundColor);if(i&&Number(i[4]??1)>.5){let[o,a,s]=[Number(i[1]),Number(i[2]),Number(i[3])];return .299*o+.587*a+.114*s<128}let e=n.parentElement,r=n.getRootNode();n=e??(r instanceof ShadowRoot?r.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}function nt(t,n,i){let e=null,r=()=>{let x=t.parentElement??t,l=gt(x);l!==e&&(e=l,t.classList.toggle("xaiw-dark",l),i(l))},o=()=>void setTimeout(r,60),a=new MutationObserver(o),s={attributes:!0,attributeFilter:["class","style","data-jp-theme-name","data-theme"]};a.observe(document.body,s),a.observe(document.documentElement,s);let p=new MutationObserver(x=>void(tt(x)&&setTimeout(r,200)));p.observe(document.head,{childList:!0});let c=matchMedia("(prefers-color-scheme: dark)");c.addEventListener("change",o),n.addEventListener("abort",()=>{a.disconnect(),p.disconnect(),c.removeEventListener("change",o)}),r()}function O(t,n,i){n.forEach(([e,r],o)=>t.style.setProperty(`--xw-s${o}`,i?r:e))}function z(t,n){let i=new Map;return e=>{let r=new Map,o=e.map((p,c)=>{let x=`${c} ${JSON.stringify(p)}`,l=i.get(x)??ft(p,n);return r.set(x,l),l}),s=(t.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word");q(t,o),i=r,s&&!t.contains(document.activeElement)&&[...t.querySelectorAll("[data-word]")].find(c=>c.getAttribute("data-word")===s)?.focus({preventScroll:!0})}}function ft(t,n){return"options"in t?ht(t,n):"action"in t?bt(t,n):d("span",t.text.startsWith(",")?"xaiw-said xaiw-comma":"xaiw-said",t.text)}function ht(t,n){let i=d("span","xaiw-word"),e=d("select");e.setAttribute("aria-label",t.label),e.setAttribute("data-word",t.name),e.title=t.label;let r=t.value;for(let[a,s]of t.options){let p=d("option","",s);p.value=a,p.selected=a===t.value,p.selected&&(r=s),e.append(p)}let o=d("span","xaiw-shown",r);return o.setAttribute("aria-hidden","true"),e.addEventListener("change",()=>{o.textContent=e.selectedOptions[0]?.textContent??e.value,n({type:"word",name:t.name,value:e.value})}),i.append(o,e),i}function bt(t,n){let i=S("xaiw-press",()=>n({type:"action",name:t.action}),t.text);return i.disabled=t.off===!0,i.setAttribute("data-word",t.action),t.label&&(i.setAttribute("aria-label",t.label),i.title=t.label),i}function L(t,n,i,e){e();for(let r of i)t.on(`change:${r}`,e),n.addEventListener("abort",()=>t.off(`change:${r}`,e))}function vt({model:t,el:n}){W(document);let i=new AbortController,{signal:e}=i,r=a=>t.send(a),o=()=>r({type:"beat",name:String(t.get("beat"))});return t.on("change:beat",o),e.addEventListener("abort",()=>t.off("change:beat",o)),t.get("kind")==="header"?yt(t,n,r,e):kt(t,n,r,e),C(n,".xaiw",e,a=>{W(a.getRootNode());let s=!1,p=!0;nt(a,e,x=>{s=x,O(a,t.get("palette"),s),r({type:"view",dark:s,ratio:window.devicePixelRatio||1,fresh:p}),p=!1});let c=()=>O(a,t.get("palette"),s);t.on("change:palette",c),e.addEventListener("abort",()=>t.off("change:palette",c))}),()=>i.abort()}function yt(t,n,i,e){let r=d("header","xaiw-run"),o=d("div","xaiw-strip");n.append(r,o);let a=X(r,i,e),s=I(o,i);L(t,e,["run"],()=>a(t.get("run"))),L(t,e,["strip"],()=>s(t.get("strip")))}function kt(t,n,i,e){let r=d("div","xaiw-head"),o=d("span","xaiw-title");o.setAttribute("role","heading"),o.setAttribute("aria-level","3");let a=d("span","xaiw-words");r.append(o,a);let s=d("div","xaiw-tools"),p=d("div","xaiw-legend"),c=d("div","xaiw-empty"),x=d("div","xaiw-strip"),l=d("div","xaiw-tips");n.append(r,s,p,c,x,l);let m=null,b=y=>{u.heat(y),m?.heat(y)},u=Y(p,i,b),M=()=>{let y=t.get("legend");u.draw(y,t.get("thumbs")),m?.rows(y?.rows??[],y?.unit??"",t.get("dashes"))},k=z(a,i),H=z(s,i),A=I(x,i);L(t,e,["head"],()=>{o.textContent=t.get("head").title,k(t.get("head").words)}),L(t,e,["tools"],()=>{s.hidden=t.get("tools").length===0,H(t.get("tools"))}),L(t,e,["legend","thumbs"],M),L(t,e,["strip"],()=>A(t.get("strip"))),L(t,e,["empty"],()=>_(c,t.get("empty"))),C(n,".xaiw-panel",e,y=>{y.setAttribute("role","region"),y.setAttribute("aria-label",t.get("head").title),Et(y,e),m=Q(y,l,e,w=>i({type:"row",key:w,how:"pick"}),b),M(),L(t,e,["summary"],()=>m?.describe(t.get("summary")))})}function Et(t,n){let i=()=>{for(let r of t.querySelectorAll(".widget-slider")){let o=r.querySelector(".widget-label")?.textContent??"";for(let a of r.querySelectorAll(".noUi-handle, .widget-readout"))a.getAttribute("aria-label")!==o&&a.setAttribute("aria-label",o)}},e=new MutationObserver(i);e.observe(t,{childList:!0,subtree:!0}),n.addEventListener("abort",()=>e.disconnect()),i()}var _t={render:vt};export{_t as default};
