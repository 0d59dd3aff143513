function d(t,n="",i){let e=document.createElement(t);return n&&(e.className=n),i!==void 0&&(e.textContent=i),e}function S(t,n,i){let e=d("button",t,i);return e.type="button",e.addEventListener("click",n),e}function v(t,n){t.textContent!==n&&(t.textContent=n)}function h(t,n,i){i===null?t.removeAttribute(n):t.getAttribute(n)!==i&&t.setAttribute(n,i)}function T(t,n){let i=new Set(n);for(let o of[...t.children])i.has(o)||o.remove();let e=n.findIndex(o=>o.parentElement===t&&o.contains(document.activeElement)),r=Math.max(0,e),a=e<0?null:n[r];for(let o=r-1;o>=0;o--){let s=n[o];(s.nextElementSibling!==a||s.parentElement!==t)&&t.insertBefore(s,a),a=s}for(let o=e<0?0:r+1;o<n.length;o++){let s=n[o],p=o>0?n[o-1]:null;s.previousElementSibling===p&&s.parentElement===t||t.insertBefore(s,p?p.nextElementSibling:t.firstElementChild)}}var D="http://www.w3.org/2000/svg";function K(t,n){let i=document.createElementNS(D,"svg");i.setAttribute("width","24"),i.setAttribute("height","10"),i.setAttribute("aria-hidden","true");let e=document.createElementNS(D,"line");return e.setAttribute("x1","1"),e.setAttribute("x2","23"),e.setAttribute("y1","5"),e.setAttribute("y2","5"),e.setAttribute("stroke-width","2.4"),e.setAttribute("stroke-dasharray",n.length?n.join(" "):"none"),e.style.stroke=t,i.append(e),i}function C(t,n,i,e){let r=()=>{if(i.aborted)return;let a=t.isConnected?t.closest(n):null;a?e(a):setTimeout(r,50)};r()}function I(t,n){let i=d("span","xaiw-said"),e=d("details","xaiw-fold"),r=d("summary"),a=d("pre");e.append(r,a);let o=B(),s=d("span","xaiw-said"),p="",w=S("xaiw-button",()=>n({type:"action",name:p}));return t.append(i,e,o.element,s,w),x=>{t.hidden=!x.level,t.className=`xaiw-strip xaiw-${x.level||"none"}`,h(t,"role",x.level==="error"?"alert":"status");let l=x.details!=="";i.hidden=l,e.hidden=!l,v(l?r:i,x.text),v(a,x.details),l||(e.open=!1),o.update(x.progress,x.text),s.hidden=!x.right,v(s,x.right),w.hidden=!x.action,p=x.action?.name??"",v(w,x.action?.text??"")}}function B(){let t=d("div","xaiw-progress"),n=d("span");return t.append(n),h(t,"role","progressbar"),h(t,"aria-valuemin","0"),h(t,"aria-valuemax","100"),{element:t,update(i,e){t.hidden=i===null;let r=Math.round(100*Math.min(1,Math.max(0,i??0)));h(t,"aria-label",e||"progress"),h(t,"aria-valuenow",String(r)),n.style.width=`${r}%`}}}function _(t,n){t.hidden=!n,t.replaceChildren(),n&&t.append(d("div","xaiw-empty-text",n.text),d("div","xaiw-empty-hint",n.hint))}function J(t){let n=Math.max(0,Math.round(t));return n<100?`${n} s`:n<3600?`${Math.floor(n/60)} min ${n%60} s`:`${Math.floor(n/3600)} h ${Math.floor(n%3600/60)} min`}function X(t,n,i){let e=null,r=performance.now(),a=d("span","xaiw-run-title");h(a,"role","heading"),h(a,"aria-level","2");let o=d("span","xaiw-state");h(o,"role","status");let[s,p,w]=[d("span"),d("span"),d("span","xaiw-time")],x=d("span","xaiw-facts");x.append(s,p,w);let l=B(),m=d("span","xaiw-buttons");t.append(a,o,x,l.element,m);let b=ot(m,n),u=()=>{let k=e?.ticking?(performance.now()-r)/1e3:0,H=e?.left==null?"":`, ${J(e.left-k)} left`;v(w,e?.elapsed==null?"":`${J(e.elapsed+k)}${H}`)},M=setInterval(()=>{e?.ticking&&!document.hidden&&u()},1e3);return i.addEventListener("abort",()=>clearInterval(M)),k=>{e=k,r=performance.now(),t.hidden=!e,e&&(v(a,e.title),v(o,e.state),o.dataset.status=e.status,v(s,e.epoch),v(p,e.step),u(),l.update(e.progress,e.epoch),b(e.words))}}function ot(t,n){let i=new Map;return e=>{let r=[];for(let a of e){if(!("action"in a))continue;let o=a.action,s=i.get(o)??S("xaiw-button",()=>n({type:"action",name:o}));i.set(o,s),v(s,a.text),s.disabled=a.off===!0,h(s,"title",a.label??null),r.push(s)}T(t,r)}}function Y(t,n,i){let e=new Map,r=new Map;t.setAttribute("role","group"),t.addEventListener("keydown",o=>rt(t,o));let a=null;return t.addEventListener("pointerleave",()=>a?.()),{draw(o,s){if(a=null,o&&e.size&&t.matches(":hover")){for(let l of o.rows)e.get(l.key)?.update(l,o,s[l.key]);a=()=>this.draw(o,s);return}if(t.hidden=!o||o.rows.length===0,!o)return;let p=t.contains(document.activeElement)?document.activeElement:null;h(t,"aria-label",o.label);let w=new Set(o.rows.map(l=>l.key));for(let l of[...e.keys()])w.has(l)||e.delete(l);let x=new Map;for(let l of o.rows){let m=e.get(l.key)??st(l.key,o.second,n,i);e.set(l.key,m),m.update(l,o,s[l.key]);let b=l.group??"";x.set(b,[...x.get(b)??[],m.element]),F(r,b).name.style.color=l.color}T(t,[...x.keys()].flatMap(l=>{let m=F(r,l);return l?[m.name,m.list]:[m.list]}));for(let[l,m]of x)T(F(r,l).list,m);p&&p!==document.activeElement&&t.contains(p)&&p.focus({preventScroll:!0})},heat(o){for(let[s,{element:p}]of e)p.classList.toggle("xaiw-hot",s===o)}}}function F(t,n){let i=t.get(n);if(i)return i;let e={name:d("div","xaiw-group",n),list:d("ul","xaiw-rows")};return n&&e.list.setAttribute("aria-label",n),t.set(n,e),e}function rt(t,n){let i={ArrowDown:1,ArrowUp:-1}[n.key];if(!i)return;let e=[...t.querySelectorAll(".xaiw-row-main")],r=e.findIndex(o=>o.parentElement?.contains(document.activeElement)),a=e[r+i];a&&(n.preventDefault(),a.focus())}function st(t,n,i,e){let r=d("li","xaiw-row");r.dataset.row=t;let a=S("xaiw-row-main",()=>i({type:"row",key:t,how:"pick"})),o=d("span","xaiw-icon"),s=d("span","xaiw-text"),p=d("span","xaiw-note"),w=d("span","xaiw-name");w.append(s," ",p);let x=d("span","xaiw-value"),l=S(n==="pin"?"xaiw-pin":"xaiw-swatch",()=>i({type:"row",key:t,how:"second"})),m=d("span","xaiw-bar");n==="show"?a.append(w,x):a.append(o,w,x),r.append(...n==="show"?[l,a]:n==="pin"?[a,l]:[a],m),r.addEventListener("pointerenter",()=>e(t)),r.addEventListener("pointerleave",()=>e(null)),r.addEventListener("focusin",()=>e(t)),r.addEventListener("focusout",()=>e(null));let b="";return{element:r,update(u,M,k){r.classList.toggle("xaiw-chosen",u.selected===!0),r.classList.toggle("xaiw-off",u.hidden===!0),r.style.setProperty("--xw-row",u.color),v(s,u.text),v(p,u.note??""),v(x,u.value),h(a,"aria-pressed",String(u.selected===!0));let H=[u.group,u.text,u.note,u.value&&`${u.value} ${M.unit}`];h(a,"aria-label",H.filter(Boolean).join(", ")),h(a,"title",u.title??null),m.hidden=u.bar===void 0,m.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,u.bar??0)))}%`);let A=JSON.stringify([k?.length,u.color,u.dash]);A!==b&&(b=A,(n==="show"?l:o).replaceChildren(k&&n!=="show"?dt(k):K(u.color,u.dash))),lt(l,u,n)}}}function lt(t,n,i){if(!i)return;let e=i==="pin",r=e?n.pinned===!0:n.hidden!==!0,a=e?r?"Unpin":"Pin":r?"Hide":"Show";h(t,"aria-pressed",String(r)),h(t,"aria-label",`${a} ${n.text}`),h(t,"title",`${a} ${n.text}`),e&&v(t,r?"unpin":"pin")}function dt(t){let n=d("img","xaiw-thumb");return n.alt="",t.startsWith("data:image/png;base64,")&&(n.src=t),n}var pt=14;function xt(t){let n=[];for(let i of t.split("M")){let e=[];for(let r of i.replace(/Z/g,"").split("L")){let[a,o]=r.split(",").map(Number);a!==void 0&&o!==void 0&&Number.isFinite(a)&&Number.isFinite(o)&&e.push([a,o])}e.length&&n.push(e)}return n}function ct(t,n,i){let e=1/0;for(let r of t)for(let a=0;a<r.length;a++){let[o,s]=r[Math.max(0,a-1)],[p,w]=r[a],[x,l]=[p-o,w-s],m=x*x+l*l,b=m===0?0:Math.min(1,Math.max(0,((n-o)*x+(i-s)*l)/m));e=Math.min(e,Math.hypot(n-o-b*x,i-s-b*l))}return e}function Z(t,n,i){let r=[...t?.querySelectorAll(".tick")??[]].map(s=>{let p=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(s.getAttribute("transform")??""),w=(s.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(p?.[n?2:1]??NaN),w===""?NaN:Number(w)]}).filter(([s,p])=>Number.isFinite(s)&&Number.isFinite(p)),[a,o]=[r[0],r.at(-1)];return!a||!o||a[0]===o[0]?null:a[1]+(i-a[0])*(o[1]-a[1])/(o[0]-a[0])}function Q(t,n,i,e,r){let a=[],o="",s=[],p="",w=d("div","xaiw-tip");w.hidden=!0,n.append(w);let x=new WeakMap,l=()=>t.querySelector(".xaiw-plot"),m=()=>[...l()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],b=(c,g=m())=>c.curve?g[c.curve[0]]?.querySelectorAll(":scope > g.curve")[c.curve[1]]?.querySelector("path.line")??null:null,u=c=>{let g=c.getAttribute("d")??"",f=x.get(c);if(f?.d===g)return f.runs;let E=xt(g);return x.set(c,{d:g,runs:E}),E},M=c=>{let f=l()?.querySelector(".plotarea_events")?.getScreenCTM();if(!f)return null;let E=new DOMPoint(c.clientX,c.clientY).matrixTransform(f.inverse());return[E.x,E.y]},k=c=>{let g=null,f=pt,E=m();for(let P of a){if(P.hidden)continue;let q=b(P,E),j=q?ct(u(q),c[0],c[1]):1/0;j<f&&([g,f]=[P,j])}return g},H=(c,g,f)=>{let E=b(c),q=(E?u(E).flat():[]).reduce((N,V)=>N&&Math.abs(N[0]-g[0])<=Math.abs(V[0]-g[0])?N:V,null),j=l()?.querySelectorAll(".svg-background g.axis"),U=q&&Z(j?.[0],!1,q[0]),G=q&&Z(j?.[1],!0,q[1]),nt=[c.text,c.note].filter(Boolean).join(" "),it=U!==null&&G!==null?`epoch ${Math.round(U)}, ${G.toFixed(2)} ${o}`.trim():"";w.replaceChildren(d("b","",nt),d("span","",it)),w.hidden=!1;let $=t.getBoundingClientRect(),at=Math.min(f.clientX-$.left+12,$.width-w.offsetWidth-6);w.style.left=`${Math.max(6,at)}px`,w.style.top=`${f.clientY-$.top-w.offsetHeight-10}px`},A=c=>c.target instanceof Element&&!!c.target.closest(".xaiw-plot"),y=()=>{w.hidden||r(null),w.hidden=!0,l()?.classList.remove("xaiw-reach")};t.addEventListener("pointermove",c=>{let g=A(c)?M(c):null,f=g&&k(g);if(!g||!f)return y();l()?.classList.add("xaiw-reach"),r(f.key),H(f,g,c)},{signal:i}),t.addEventListener("pointerleave",y,{signal:i}),t.addEventListener("click",c=>{let g=A(c)?M(c):null,f=g&&k(g);f&&e(f.key)},{signal:i});let R=()=>{let c=l()?.querySelector(".svg-figure");if(!c){i.aborted||setTimeout(R,300);return}c.setAttribute("role","img"),c.setAttribute("aria-label",p);for(let g of l()?.querySelectorAll(".svg-background, canvas")??[])g.setAttribute("aria-hidden","true")};return{rows(c,g,f){[a,o,s]=[c,g,f],s.forEach((E,P)=>t.style.setProperty(`--xw-dash${P}`,E.length?E.join(" "):"none"))},describe(c){p=c,R()},heat(c){l()?.classList.toggle("xaiw-heated",c!==null);for(let f of l()?.querySelectorAll("path.line.xaiw-hot")??[])f.classList.remove("xaiw-hot");let g=c===null?void 0:a.find(f=>f.key===c);g&&b(g)?.classList.add("xaiw-hot")}}}var tt=`.xaiw {
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
`;function W(t){let n=t instanceof ShadowRoot?t:document.head;if(n.querySelector("style[data-xaiw]"))return;let i=document.createElement("style");i.setAttribute("data-xaiw",""),i.textContent=tt,n.append(i)}function ut(t){let n=t;for(;n;){let i=/^rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)$/.exec(getComputedStyle(n).backgroundColor);if(i&&Number(i[4]??1)>.5){let[a,o,s]=[Number(i[1]),Number(i[2]),Number(i[3])];return .299*a+.587*o+.114*s<128}let e=n.parentElement,r=n.getRootNode();n=e??(r instanceof ShadowRoot?r.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}function et(t,n,i){let e=null,r=()=>{let x=t.parentElement??t,l=ut(x);l!==e&&(e=l,t.classList.toggle("xaiw-dark",l),i(l))},a=()=>void setTimeout(r,60),o=new MutationObserver(a),s={attributes:!0,attributeFilter:["class","style","data-jp-theme-name","data-theme"]};o.observe(document.body,s),o.observe(document.documentElement,s);let p=new MutationObserver(()=>void setTimeout(r,200));p.observe(document.head,{childList:!0});let w=matchMedia("(prefers-color-scheme: dark)");w.addEventListener("change",a),n.addEventListener("abort",()=>{o.disconnect(),p.disconnect(),w.removeEventListener("change",a)}),r()}function O(t,n,i){n.forEach(([e,r],a)=>t.style.setProperty(`--xw-s${a}`,i?r:e))}function z(t,n){let i=new Map;return e=>{let r=new Map,a=e.map((p,w)=>{let x=`${w} ${JSON.stringify(p)}`,l=i.get(x)??mt(p,n);return r.set(x,l),l}),s=(t.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word");T(t,a),i=r,s&&!t.contains(document.activeElement)&&[...t.querySelectorAll("[data-word]")].find(w=>w.getAttribute("data-word")===s)?.focus({preventScroll:!0})}}function mt(t,n){return"options"in t?gt(t,n):"action"in t?ft(t,n):d("span",t.text.startsWith(",")?"xaiw-said xaiw-comma":"xaiw-said",t.text)}function gt(t,n){let i=d("span","xaiw-word"),e=d("select");e.setAttribute("aria-label",t.label),e.setAttribute("data-word",t.name),e.title=t.label;let r=t.value;for(let[o,s]of t.options){let p=d("option","",s);p.value=o,p.selected=o===t.value,p.selected&&(r=s),e.append(p)}let a=d("span","xaiw-shown",r);return a.setAttribute("aria-hidden","true"),e.addEventListener("change",()=>{a.textContent=e.selectedOptions[0]?.textContent??e.value,n({type:"word",name:t.name,value:e.value})}),i.append(a,e),i}function ft(t,n){let i=S("xaiw-press",()=>n({type:"action",name:t.action}),t.text);return i.disabled=t.off===!0,i.setAttribute("data-word",t.action),t.label&&(i.setAttribute("aria-label",t.label),i.title=t.label),i}function L(t,n,i,e){e();for(let r of i)t.on(`change:${r}`,e),n.addEventListener("abort",()=>t.off(`change:${r}`,e))}function ht({model:t,el:n}){W(document);let i=new AbortController,{signal:e}=i,r=a=>t.send(a);return t.get("kind")==="header"?bt(t,n,r,e):vt(t,n,r,e),C(n,".xaiw",e,a=>{W(a.getRootNode());let o=!1,s=!0;et(a,e,w=>{o=w,O(a,t.get("palette"),o),r({type:"view",dark:o,ratio:window.devicePixelRatio||1,fresh:s}),s=!1});let p=()=>O(a,t.get("palette"),o);t.on("change:palette",p),e.addEventListener("abort",()=>t.off("change:palette",p))}),()=>i.abort()}function bt(t,n,i,e){let r=d("header","xaiw-run"),a=d("div","xaiw-strip");n.append(r,a);let o=X(r,i,e),s=I(a,i);L(t,e,["run"],()=>o(t.get("run"))),L(t,e,["strip"],()=>s(t.get("strip")))}function vt(t,n,i,e){let r=d("div","xaiw-head"),a=d("span","xaiw-title");a.setAttribute("role","heading"),a.setAttribute("aria-level","3");let o=d("span","xaiw-words");r.append(a,o);let s=d("div","xaiw-tools"),p=d("div","xaiw-legend"),w=d("div","xaiw-empty"),x=d("div","xaiw-strip"),l=d("div","xaiw-tips");n.append(r,s,p,w,x,l);let m=null,b=y=>{u.heat(y),m?.heat(y)},u=Y(p,i,b),M=()=>{let y=t.get("legend");u.draw(y,t.get("thumbs")),m?.rows(y?.rows??[],y?.unit??"",t.get("dashes"))},k=z(o,i),H=z(s,i),A=I(x,i);L(t,e,["head"],()=>{a.textContent=t.get("head").title,k(t.get("head").words)}),L(t,e,["tools"],()=>{s.hidden=t.get("tools").length===0,H(t.get("tools"))}),L(t,e,["legend","thumbs"],M),L(t,e,["strip"],()=>A(t.get("strip"))),L(t,e,["empty"],()=>_(w,t.get("empty"))),C(n,".xaiw-panel",e,y=>{y.setAttribute("role","region"),y.setAttribute("aria-label",t.get("head").title),yt(y,e),m=Q(y,l,e,c=>i({type:"row",key:c,how:"pick"}),b),M(),L(t,e,["summary"],()=>m?.describe(t.get("summary")))})}function yt(t,n){let i=()=>{for(let r of t.querySelectorAll(".widget-slider")){let a=r.querySelector(".widget-label")?.textContent??"";for(let o of r.querySelectorAll(".noUi-handle, .widget-readout"))o.getAttribute("aria-label")!==a&&o.setAttribute("aria-label",a)}},e=new MutationObserver(i);e.observe(t,{childList:!0,subtree:!0}),n.addEventListener("abort",()=>e.disconnect()),i()}var Gt={render:ht};export{Gt as default};
