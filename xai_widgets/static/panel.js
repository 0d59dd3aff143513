function d(t,n={},...i){let e=document.createElement(t);for(let[o,a]of Object.entries(n))a===!0?e.setAttribute(o,""):a!==!1&&e.setAttribute(o,String(a));return e.append(...i),e}function S(t,n,i,e=""){let o=d("button",{type:"button",class:n,...e?{"aria-label":e,title:e}:{}},t);return o.addEventListener("click",i),o}function v(t,n){t.textContent!==n&&(t.textContent=n)}function h(t,n,i){i===null?t.removeAttribute(n):t.getAttribute(n)!==i&&t.setAttribute(n,i)}function A(t,n){let i=new Set(n);for(let r of[...t.children])i.has(r)||r.remove();let e=n.findIndex(r=>r.parentElement===t&&r.contains(document.activeElement)),o=Math.max(0,e),a=e<0?null:n[o];for(let r=o-1;r>=0;r--){let s=n[r];(s.nextElementSibling!==a||s.parentElement!==t)&&t.insertBefore(s,a),a=s}for(let r=e<0?0:o+1;r<n.length;r++){let s=n[r],c=r>0?n[r-1]:null;s.previousElementSibling===c&&s.parentElement===t||t.insertBefore(s,c?c.nextElementSibling:t.firstElementChild)}}function K(t,n){let i=document.createElementNS("http://www.w3.org/2000/svg",t);for(let[e,o]of Object.entries(n))i.setAttribute(e,String(o));return i}function D(t,n){let i=K("svg",{width:24,height:10,"aria-hidden":"true"}),e=K("line",{x1:1,x2:23,y1:5,y2:5,"stroke-width":2.4,"stroke-dasharray":n.length?n.join(" "):"none"});return e.style.stroke=t,i.append(e),i}function C(t,n,i,e){let o=()=>{if(i.aborted)return;let a=t.isConnected?t.closest(n):null;a?e(a):setTimeout(o,50)};o()}function I(t,n){let i=d("span",{class:"xaiw-said"}),e=d("details",{class:"xaiw-fold"}),o=d("summary"),a=d("pre");e.append(o,a);let r=O(),s=d("span",{class:"xaiw-said"}),c="",u=S("","xaiw-button",()=>n({type:"action",name:c}));return t.append(i,e,r.element,s,u),p=>{t.hidden=!p.level,t.className=`xaiw-strip xaiw-${p.level||"none"}`,h(t,"role",p.level==="error"?"alert":"status");let l=p.details!=="";i.hidden=l,e.hidden=!l,v(l?o:i,p.text),v(a,p.details),l||(e.open=!1),r.update(p.progress,p.text),s.hidden=!p.right,v(s,p.right),u.hidden=!p.action,c=p.action?.name??"",v(u,p.action?.text??"")}}function O(){let t=d("div",{class:"xaiw-progress"}),n=d("span");return t.append(n),h(t,"role","progressbar"),h(t,"aria-valuemin","0"),h(t,"aria-valuemax","100"),{element:t,update(i,e){t.hidden=i===null;let o=Math.round(100*Math.min(1,Math.max(0,i??0)));h(t,"aria-label",e||"progress"),h(t,"aria-valuenow",String(o)),n.style.width=`${o}%`}}}function J(t,n){t.hidden=!n,t.replaceChildren(),n&&t.append(d("div",{class:"xaiw-empty-text"},n.text),d("div",{class:"xaiw-empty-hint"},n.hint))}function _(t){let n=Math.max(0,Math.round(t));return n<100?`${n} s`:n<3600?`${Math.floor(n/60)} min ${n%60} s`:`${Math.floor(n/3600)} h ${Math.floor(n%3600/60)} min`}function X(t,n,i){let e=null,o=performance.now(),a=d("span",{class:"xaiw-run-title"});h(a,"role","heading"),h(a,"aria-level","2");let r=d("span",{class:"xaiw-state"});h(r,"role","status");let[s,c,u]=[d("span"),d("span"),d("span",{class:"xaiw-time"})],p=d("span",{class:"xaiw-facts"});p.append(s,c,u);let l=O(),m=d("span",{class:"xaiw-buttons"});t.append(a,r,p,l.element,m);let b=ot(m,n),w=()=>{let k=e?.ticking?(performance.now()-o)/1e3:0,T=e?.left==null?"":`, ${_(e.left-k)} left`;v(u,e?.elapsed==null?"":`${_(e.elapsed+k)}${T}`)},M=setInterval(()=>{e?.ticking&&!document.hidden&&w()},1e3);return i.addEventListener("abort",()=>clearInterval(M)),k=>{e=k,o=performance.now(),t.hidden=!e,e&&(v(a,e.title),v(r,e.state),r.dataset.status=e.status,v(s,e.epoch),v(c,e.step),w(),l.update(e.progress,e.epoch),b(e.words))}}function ot(t,n){let i=new Map;return e=>{let o=[];for(let a of e){if(!("action"in a))continue;let r=a.action,s=i.get(r)??S("","xaiw-button",()=>n({type:"action",name:r}));i.set(r,s),v(s,a.text),s.disabled=a.off===!0,h(s,"title",a.label??null),o.push(s)}A(t,o)}}function Y(t,n,i){let e=new Map,o=new Map;t.setAttribute("role","group"),t.addEventListener("keydown",r=>rt(t,r));let a=null;return t.addEventListener("pointerleave",()=>a?.()),{draw(r,s){if(a=null,r&&e.size&&t.matches(":hover")){for(let l of r.rows)e.get(l.key)?.update(l,r,s[l.key]);a=()=>this.draw(r,s);return}if(t.hidden=!r||r.rows.length===0,!r)return;let c=t.contains(document.activeElement)?document.activeElement:null;h(t,"aria-label",r.label);let u=new Set(r.rows.map(l=>l.key));for(let l of[...e.keys()])u.has(l)||e.delete(l);let p=new Map;for(let l of r.rows){let m=e.get(l.key)??st(l.key,r.second,n,i);e.set(l.key,m),m.update(l,r,s[l.key]);let b=l.group??"";p.set(b,[...p.get(b)??[],m.element]),F(o,b).name.style.color=l.color}A(t,[...p.keys()].flatMap(l=>{let m=F(o,l);return l?[m.name,m.list]:[m.list]}));for(let[l,m]of p)A(F(o,l).list,m);c&&c!==document.activeElement&&t.contains(c)&&c.focus({preventScroll:!0})},heat(r){for(let[s,{element:c}]of e)c.classList.toggle("xaiw-hot",s===r)}}}function F(t,n){let i=t.get(n);if(i)return i;let e={name:d("div",{class:"xaiw-group"},n),list:d("ul",{class:"xaiw-rows"})};return n&&e.list.setAttribute("aria-label",n),t.set(n,e),e}function rt(t,n){let i={ArrowDown:1,ArrowUp:-1}[n.key];if(!i)return;let e=[...t.querySelectorAll(".xaiw-row-main")],o=e.findIndex(r=>r.parentElement?.contains(document.activeElement)),a=e[o+i];a&&(n.preventDefault(),a.focus())}function st(t,n,i,e){let o=d("li",{class:"xaiw-row"});o.dataset.row=t;let a=S("","xaiw-row-main",()=>i({type:"row",key:t,how:"pick"})),r=d("span",{class:"xaiw-icon"}),s=d("span",{class:"xaiw-text"}),c=d("span",{class:"xaiw-note"}),u=d("span",{class:"xaiw-name"});u.append(s," ",c);let p=d("span",{class:"xaiw-value"}),l=S("",n==="pin"?"xaiw-pin":"xaiw-swatch",()=>i({type:"row",key:t,how:"second"})),m=d("span",{class:"xaiw-bar"});n==="show"?a.append(u,p):a.append(r,u,p),o.append(...n==="show"?[l,a]:n==="pin"?[a,l]:[a],m),o.addEventListener("pointerenter",()=>e(t)),o.addEventListener("pointerleave",()=>e(null)),o.addEventListener("focusin",()=>e(t)),o.addEventListener("focusout",()=>e(null));let b="";return{element:o,update(w,M,k){o.classList.toggle("xaiw-chosen",w.selected===!0),o.classList.toggle("xaiw-off",w.hidden===!0),o.style.setProperty("--xw-row",w.color),v(s,w.text),v(c,w.note??""),v(p,w.value),h(a,"aria-pressed",String(w.selected===!0));let T=[w.group,w.text,w.note,w.value&&`${w.value} ${M.unit}`];h(a,"aria-label",T.filter(Boolean).join(", ")),h(a,"title",w.title??null),m.hidden=w.bar===void 0,m.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,w.bar??0)))}%`);let H=JSON.stringify([k?.length,w.color,w.dash]);H!==b&&(b=H,(n==="show"?l:r).replaceChildren(k&&n!=="show"?dt(k):D(w.color,w.dash))),lt(l,w,n)}}}function lt(t,n,i){if(!i)return;let e=i==="pin",o=e?n.pinned===!0:n.hidden!==!0,a=e?o?"Unpin":"Pin":o?"Hide":"Show";h(t,"aria-pressed",String(o)),h(t,"aria-label",`${a} ${n.text}`),h(t,"title",`${a} ${n.text}`),e&&v(t,o?"unpin":"pin")}function dt(t){let n=d("img",{class:"xaiw-thumb"});return n.alt="",t.startsWith("data:image/png;base64,")&&(n.src=t),n}var ct=14;function pt(t){let n=[];for(let i of t.split("M")){let e=[];for(let o of i.replace(/Z/g,"").split("L")){let[a,r]=o.split(",").map(Number);a!==void 0&&r!==void 0&&Number.isFinite(a)&&Number.isFinite(r)&&e.push([a,r])}e.length&&n.push(e)}return n}function xt(t,n,i){let e=1/0;for(let o of t)for(let a=0;a<o.length;a++){let[r,s]=o[Math.max(0,a-1)],[c,u]=o[a],[p,l]=[c-r,u-s],m=p*p+l*l,b=m===0?0:Math.min(1,Math.max(0,((n-r)*p+(i-s)*l)/m));e=Math.min(e,Math.hypot(n-r-b*p,i-s-b*l))}return e}function Z(t,n,i){let o=[...t?.querySelectorAll(".tick")??[]].map(s=>{let c=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(s.getAttribute("transform")??""),u=(s.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(c?.[n?2:1]??NaN),u===""?NaN:Number(u)]}).filter(([s,c])=>Number.isFinite(s)&&Number.isFinite(c)),[a,r]=[o[0],o.at(-1)];return!a||!r||a[0]===r[0]?null:a[1]+(i-a[0])*(r[1]-a[1])/(r[0]-a[0])}function Q(t,n,i,e,o){let a=[],r="",s=[],c="",u=d("div",{class:"xaiw-tip"});u.hidden=!0,n.append(u);let p=new WeakMap,l=()=>t.querySelector(".xaiw-plot"),m=()=>[...l()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],b=(x,g=m())=>x.curve?g[x.curve[0]]?.querySelectorAll(":scope > g.curve")[x.curve[1]]?.querySelector("path.line")??null:null,w=x=>{let g=x.getAttribute("d")??"",f=p.get(x);if(f?.d===g)return f.runs;let E=pt(g);return p.set(x,{d:g,runs:E}),E},M=x=>{let f=l()?.querySelector(".plotarea_events")?.getScreenCTM();if(!f)return null;let E=new DOMPoint(x.clientX,x.clientY).matrixTransform(f.inverse());return[E.x,E.y]},k=x=>{let g=null,f=ct,E=m();for(let j of a){if(j.hidden)continue;let q=b(j,E),P=q?xt(w(q),x[0],x[1]):1/0;P<f&&([g,f]=[j,P])}return g},T=(x,g,f)=>{let E=b(x),q=(E?w(E).flat():[]).reduce(($,V)=>$&&Math.abs($[0]-g[0])<=Math.abs(V[0]-g[0])?$:V,null),P=l()?.querySelectorAll(".svg-background g.axis"),G=q&&Z(P?.[0],!1,q[0]),U=q&&Z(P?.[1],!0,q[1]),nt=[x.text,x.note].filter(Boolean).join(" "),it=G!==null&&U!==null?`epoch ${Math.round(G)}, ${U.toFixed(2).replace("-0.00","0.00")} ${r}`.trim():"";u.replaceChildren(d("b",{},nt),d("span",{},it)),u.hidden=!1;let N=t.getBoundingClientRect(),at=Math.min(f.clientX-N.left+12,N.width-u.offsetWidth-6);u.style.left=`${Math.max(6,at)}px`,u.style.top=`${f.clientY-N.top-u.offsetHeight-10}px`},H=x=>x.target instanceof Element&&!!x.target.closest(".xaiw-plot"),y=()=>{u.hidden||o(null),u.hidden=!0,l()?.classList.remove("xaiw-reach")};t.addEventListener("pointermove",x=>{let g=H(x)?M(x):null,f=g&&k(g);if(!g||!f)return y();l()?.classList.add("xaiw-reach"),o(f.key),T(f,g,x)},{signal:i}),t.addEventListener("pointerleave",y,{signal:i}),t.addEventListener("click",x=>{let g=H(x)?M(x):null,f=g&&k(g);f&&e(f.key)},{signal:i});let R=()=>{let x=l()?.querySelector(".svg-figure");if(!x){i.aborted||setTimeout(R,300);return}x.setAttribute("role","img"),x.setAttribute("aria-label",c);for(let g of l()?.querySelectorAll(".svg-background, canvas")??[])g.setAttribute("aria-hidden","true")};return{rows(x,g,f){[a,r,s]=[x,g,f],s.forEach((E,j)=>t.style.setProperty(`--xw-dash${j}`,E.length?E.join(" "):"none"))},describe(x){c=x,R()},heat(x){l()?.classList.toggle("xaiw-heated",x!==null);for(let f of l()?.querySelectorAll("path.line.xaiw-hot")??[])f.classList.remove("xaiw-hot");let g=x===null?void 0:a.find(f=>f.key===x);g&&b(g)?.classList.add("xaiw-hot")}}}var tt=`.xaiw {
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
`;function W(t){let n=t instanceof ShadowRoot?t:document.head;if(n.querySelector("style[data-xaiw]"))return;let i=document.createElement("style");i.setAttribute("data-xaiw",""),i.textContent=tt,n.append(i)}function z(t,n,i){n.forEach(([e,o],a)=>t.style.setProperty(`--xw-s${a}`,i?o:e))}function B(t,n){let i=new Map;return e=>{let o=new Map,a=e.map((c,u)=>{let p=`${u} ${JSON.stringify(c)}`,l=i.get(p)??wt(c,n);return o.set(p,l),l}),s=(t.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word");A(t,a),i=o,s&&!t.contains(document.activeElement)&&[...t.querySelectorAll("[data-word]")].find(u=>u.getAttribute("data-word")===s)?.focus({preventScroll:!0})}}function wt(t,n){return"options"in t?mt(t,n):"action"in t?gt(t,n):d("span",{class:t.text.startsWith(",")?"xaiw-said xaiw-comma":"xaiw-said"},t.text)}function mt(t,n){let i=d("span",{class:"xaiw-word"}),e=d("select");e.setAttribute("aria-label",t.label),e.setAttribute("data-word",t.name),e.title=t.label;let o=t.value;for(let[r,s]of t.options){let c=d("option",{},s);c.value=r,c.selected=r===t.value,c.selected&&(o=s),e.append(c)}let a=d("span",{class:"xaiw-shown"},o);return a.setAttribute("aria-hidden","true"),e.addEventListener("change",()=>{a.textContent=e.selectedOptions[0]?.textContent??e.value,n({type:"word",name:t.name,value:e.value})}),i.append(a,e),i}function gt(t,n){let i=S(t.text,"xaiw-press",()=>n({type:"action",name:t.action}),t.label);return i.disabled=t.off===!0,i.setAttribute("data-word",t.action),i}function ft(t){let n=t.match(/[\d.]+/g)?.map(Number);if(!n||n.length<3||n.length>3&&n[3]<.5)return null;let i=t.startsWith("color(")?1:255,[e,o,a]=n.map(r=>r/i);return .2126*e+.7152*o+.0722*a}function ht(t){let n=t.parentElement;for(;n;){let i=ft(getComputedStyle(n).backgroundColor);if(i!==null)return i<.5;let e=n.getRootNode();n=n.parentElement??(e instanceof ShadowRoot?e.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}var bt=t=>t instanceof HTMLStyleElement||t instanceof HTMLLinkElement&&t.rel==="stylesheet",vt=t=>t.some(n=>[...n.addedNodes,...n.removedNodes].some(bt));function yt(t,n){let i=[],e=()=>{i.forEach(clearTimeout),i=[0,60,250,700,1500].map(s=>window.setTimeout(t,s))},o=new MutationObserver(e),a=new MutationObserver(s=>void(vt(s)&&e())),r={attributes:!0,attributeFilter:["class","style","data-theme","data-jp-theme-name","data-jp-theme-light"]};o.observe(document.documentElement,r),o.observe(document.body,r),a.observe(document.head,{childList:!0}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",e,{signal:n}),n.addEventListener("abort",()=>{o.disconnect(),a.disconnect(),i.forEach(clearTimeout)}),e()}function et(t,n,i){let e=null,o=()=>{let a=t.isConnected?ht(t):e;a===null||a===e||(e=a,t.classList.toggle("xaiw-dark",a),i(a))};yt(o,n),o()}function L(t,n,i,e){e();for(let o of i)t.on(`change:${o}`,e),n.addEventListener("abort",()=>t.off(`change:${o}`,e))}function kt({model:t,el:n}){W(document);let i=new AbortController,{signal:e}=i,o=r=>t.send(r),a=()=>o({type:"beat",name:String(t.get("beat"))});return t.on("change:beat",a),e.addEventListener("abort",()=>t.off("change:beat",a)),t.get("kind")==="header"?Et(t,n,o,e):Mt(t,n,o,e),C(n,".xaiw",e,r=>{W(r.getRootNode());let s=!1,c=!0;et(r,e,p=>{s=p,z(r,t.get("palette"),s),o({type:"view",dark:s,ratio:window.devicePixelRatio||1,fresh:c}),c=!1});let u=()=>z(r,t.get("palette"),s);t.on("change:palette",u),e.addEventListener("abort",()=>t.off("change:palette",u))}),()=>i.abort()}function Et(t,n,i,e){let o=d("header",{class:"xaiw-run"}),a=d("div",{class:"xaiw-strip"});n.append(o,a);let r=X(o,i,e),s=I(a,i);L(t,e,["run"],()=>r(t.get("run"))),L(t,e,["strip"],()=>s(t.get("strip")))}function Mt(t,n,i,e){let o=d("div",{class:"xaiw-head"}),a=d("span",{class:"xaiw-title"});a.setAttribute("role","heading"),a.setAttribute("aria-level","3");let r=d("span",{class:"xaiw-words"});o.append(a,r);let s=d("div",{class:"xaiw-tools"}),c=d("div",{class:"xaiw-legend"}),u=d("div",{class:"xaiw-empty"}),p=d("div",{class:"xaiw-strip"}),l=d("div",{class:"xaiw-tips"});n.append(o,s,c,u,p,l);let m=null,b=y=>{w.heat(y),m?.heat(y)},w=Y(c,i,b),M=()=>{let y=t.get("legend");w.draw(y,t.get("thumbs")),m?.rows(y?.rows??[],y?.unit??"",t.get("dashes"))},k=B(r,i),T=B(s,i),H=I(p,i);L(t,e,["head"],()=>{a.textContent=t.get("head").title,k(t.get("head").words)}),L(t,e,["tools"],()=>{s.hidden=t.get("tools").length===0,T(t.get("tools"))}),L(t,e,["legend","thumbs"],M),L(t,e,["strip"],()=>H(t.get("strip"))),L(t,e,["empty"],()=>J(u,t.get("empty"))),C(n,".xaiw-panel",e,y=>{y.setAttribute("role","region"),y.setAttribute("aria-label",t.get("head").title),St(y,e),m=Q(y,l,e,x=>i({type:"row",key:x,how:"pick"}),b),M(),L(t,e,["summary"],()=>m?.describe(t.get("summary")))})}function St(t,n){let i=()=>{for(let o of t.querySelectorAll(".widget-slider")){let a=o.querySelector(".widget-label")?.textContent??"";for(let r of o.querySelectorAll(".noUi-handle, .widget-readout"))r.getAttribute("aria-label")!==a&&r.setAttribute("aria-label",a)}},e=new MutationObserver(i);e.observe(t,{childList:!0,subtree:!0}),n.addEventListener("abort",()=>e.disconnect()),i()}var Xt={render:kt};export{Xt as default};
