function w(e,t={},...i){let a=document.createElement(e);for(let[n,o]of Object.entries(t))o===!0?a.setAttribute(n,""):o!==!1&&a.setAttribute(n,String(o));return a.append(...i),a}function L(e,t,i,a=""){let n=w("button",{type:"button",class:t,...a?{"aria-label":a,title:a}:{}},e);return n.addEventListener("click",i),n}function N(e,t){e.hidden===t&&(e.hidden=!t)}function v(e,t){e.textContent!==t&&(e.textContent=t)}function g(e,t,i){i===null?e.removeAttribute(t):e.getAttribute(t)!==i&&e.setAttribute(t,i)}function T(e,t){let i=new Set(t);for(let r of[...e.children])i.has(r)||r.remove();let a=t.findIndex(r=>r.parentElement===e&&r.contains(document.activeElement)),n=Math.max(0,a),o=a<0?null:t[n];for(let r=n-1;r>=0;r--){let s=t[r];(s.nextElementSibling!==o||s.parentElement!==e)&&e.insertBefore(s,o),o=s}for(let r=a<0?0:n+1;r<t.length;r++){let s=t[r],l=r>0?t[r-1]:null;s.previousElementSibling===l&&s.parentElement===e||e.insertBefore(s,l?l.nextElementSibling:e.firstElementChild)}}function K(e,t){let i=document.createElementNS("http://www.w3.org/2000/svg",e);for(let[a,n]of Object.entries(t))i.setAttribute(a,String(n));return i}function _(e,t){let i=K("svg",{width:24,height:10,"aria-hidden":"true"}),a=K("line",{x1:1,x2:23,y1:5,y2:5,"stroke-width":2.4,"stroke-dasharray":t.length?t.join(" "):"none"});return a.style.stroke=e,i.append(a),i}function $(e,t,i,a){let n=()=>{if(i.aborted)return;let o=e.isConnected?e.closest(t):null;o?a(o):setTimeout(n,50)};n()}var J=".jupyterlab-sidecar",me=2e3,ge=10;function Y(e,t,i,a){let n=w("span",{class:"xaiw-said"}),o=L("","xaiw-press",()=>f());t.append(n," ",o),t.classList.add("xaiw-beside"),t.setAttribute("role","status");let r=()=>void window.dispatchEvent(new Event("xaiw-pane"));if(e.closest(J))return N(t,!1),e.dataset.pane=i()?.id??"",r(),a.addEventListener("abort",()=>{delete e.dataset.pane,setTimeout(r)}),()=>{};let s=Math.abs(Date.now()/1e3-(i()?.asked??0))<ge,l=!1,x=!1,c=0,d=0,p=()=>{let k=i(),y=!!k?.id&&document.querySelector(`${J} [data-pane="${CSS.escape(k.id)}"]`)!==null;y?s=l=!1:x=!1,clearTimeout(d),y&&(d=window.setTimeout(p,1e3)),e.classList.toggle("xaiw-elsewhere",y&&!x||s),N(t,y||s||l),v(n,y?"Shown beside the notebook.":s?"Opening beside the notebook\u2026":l?k?.how??"":""),N(o,y||l),v(o,y?x?"only there":"here, too":"dismiss")},f=()=>{l?l=!1:x=!x,p()},m=()=>{clearTimeout(c),s&&(c=window.setTimeout(()=>(l=s,s=!1,p()),me)),p()};return window.addEventListener("xaiw-pane",p,{signal:a}),a.addEventListener("abort",()=>[c,d].forEach(clearTimeout)),m(),()=>{s=!0,l=!1,m()}}var X=e=>`xai_widgets.fold.${e}`;function fe(e){try{let t=sessionStorage.getItem(X(e));return t===null?null:t==="folded"}catch{return null}}function he(e,t){try{sessionStorage.setItem(X(e),t?"folded":"open")}catch(i){console.debug("xai_widgets: what is folded is not kept over a reload:",i)}}function Z(e,t,i,a,n){let o=fe(i),r=()=>{let l=o??a();g(e,"data-folded",String(l)),g(t,"aria-expanded",String(!l))};t.addEventListener("click",()=>{o=e.getAttribute("data-folded")!=="true",he(i,o),r()},{signal:n});let s=new ResizeObserver(r);s.observe(e),n.addEventListener("abort",()=>s.disconnect()),r()}function O(e,t){let i=w("span",{class:"xaiw-said"}),a=w("details",{class:"xaiw-fold"}),n=w("summary"),o=w("pre");a.append(n,o);let r=W(),s=w("span",{class:"xaiw-said"}),l="",x=L("","xaiw-button",()=>t({type:"action",name:l}));return e.append(i,a,r.element,s,x),c=>{e.hidden=!c.level,e.className=`xaiw-strip xaiw-${c.level||"none"}`,g(e,"role",c.level==="error"?"alert":"status");let d=c.details!=="";i.hidden=d,a.hidden=!d,v(d?n:i,c.text),v(o,c.details),d||(a.open=!1),r.update(c.progress,c.text),s.hidden=!c.right,v(s,c.right),g(s,"title",c.hint||null),g(s,"aria-label",c.hint?`${c.right}: ${c.hint}`:null),g(s,"tabindex",c.hint?"0":null),g(s,"role",c.hint?"note":null),s.classList.toggle("xaiw-hinted",c.hint!==""),x.hidden=!c.action,l=c.action?.name??"",v(x,c.action?.text??"")}}function W(){let e=w("div",{class:"xaiw-progress"}),t=w("span");return e.append(t),g(e,"role","progressbar"),g(e,"aria-valuemin","0"),g(e,"aria-valuemax","100"),{element:e,update(i,a){e.hidden=i===null;let n=Math.round(100*Math.min(1,Math.max(0,i??0)));g(e,"aria-label",a||"progress"),g(e,"aria-valuenow",String(n)),t.style.width=`${n}%`}}}function Q(e,t){e.hidden=!t,e.replaceChildren(),t&&e.append(w("div",{class:"xaiw-empty-text"},t.text),w("div",{class:"xaiw-empty-hint"},t.hint))}function ee(e){let t=Math.max(0,Math.round(e));return t<100?`${t} s`:t<3600?`${Math.floor(t/60)} min ${t%60} s`:`${Math.floor(t/3600)} h ${Math.floor(t%3600/60)} min`}function te(e,t,i){let a=null,n=performance.now(),o=w("span",{class:"xaiw-run-title"});g(o,"role","heading"),g(o,"aria-level","2");let r=w("span",{class:"xaiw-state"});g(r,"role","status");let[s,l,x]=[w("span"),w("span",{class:"xaiw-step"}),w("span",{class:"xaiw-time"})],c=w("span",{class:"xaiw-facts"});c.append(s,l,x);let d=W(),p=w("span",{class:"xaiw-buttons"});e.append(o,r,c,d.element,p);let f=be(p,t),m=()=>{let y=a?.ticking?(performance.now()-n)/1e3:0,H=a?.left==null?"":`, ${ee(a.left-y)} left`;v(x,a?.elapsed==null?"":`${ee(a.elapsed+y)}${H}`)},k=setInterval(()=>{a?.ticking&&!document.hidden&&m()},1e3);return i.addEventListener("abort",()=>clearInterval(k)),y=>{a=y,n=performance.now(),e.hidden=!a,a&&(v(o,a.title),v(r,a.state),r.dataset.status=a.status,v(s,a.epoch),v(l,a.step),m(),d.update(a.progress,a.epoch),f(a.words))}}function be(e,t){let i=new Map;return a=>{let n=[];for(let o of a){if(!("action"in o))continue;let r=o.action,s=i.get(r)??L("","xaiw-button",()=>t({type:"action",name:r}));i.set(r,s),v(s,o.text),s.disabled=o.off===!0,g(s,"title",o.label??null),n.push(s)}T(e,n)}}function ae(e,t,i){let a=new Map,n=new Map;e.setAttribute("role","group"),e.addEventListener("keydown",r=>ve(e,r));let o=null;return e.addEventListener("pointerleave",()=>o?.()),{draw(r,s){if(o=null,r&&a.size&&e.matches(":hover")){let d=new Set(r.rows.map(p=>p.key));for(let p of r.rows)a.get(p.key)?.update(p,r,s[p.key]);for(let[p,f]of a)d.has(p)||f.leave();o=()=>this.draw(r,s);return}if(e.hidden=!r||r.rows.length===0,!r)return;let l=e.contains(document.activeElement)?document.activeElement:null;g(e,"aria-label",r.label);let x=new Set(r.rows.map(d=>d.key));for(let d of[...a.keys()])x.has(d)||a.delete(d);let c=new Map;for(let d of r.rows){let p=a.get(d.key)??ye(d.key,r.second,t,i);a.set(d.key,p),p.update(d,r,s[d.key]);let f=d.group??"";c.set(f,[...c.get(f)??[],p.element]),z(n,f).name.style.color=d.color}T(e,[...c.keys()].flatMap(d=>{let p=z(n,d);return d?[p.name,p.list]:[p.list]}));for(let[d,p]of c)T(z(n,d).list,p);l&&l!==document.activeElement&&e.contains(l)&&l.focus({preventScroll:!0})},heat(r){for(let[s,{element:l}]of a)l.classList.toggle("xaiw-hot",s===r)}}}function z(e,t){let i=e.get(t);if(i)return i;let a={name:w("div",{class:"xaiw-group"},t),list:w("ul",{class:"xaiw-rows"})};return t&&a.list.setAttribute("aria-label",t),e.set(t,a),a}function ve(e,t){let i={ArrowDown:1,ArrowUp:-1}[t.key];if(!i)return;let a=[...e.querySelectorAll(".xaiw-row-main")],n=a.findIndex(r=>r.parentElement?.contains(document.activeElement)),o=a[n+i];o&&(t.preventDefault(),o.focus())}function ye(e,t,i,a){let n=w("li",{class:"xaiw-row"});n.dataset.row=e;let o=L("","xaiw-row-main",()=>{let m=n.classList.contains("xaiw-chosen");for(let k of n.closest(".xaiw-legend")?.querySelectorAll(".xaiw-chosen")??[])k.classList.remove("xaiw-chosen");n.classList.toggle("xaiw-chosen",!m),i({type:"row",key:e,how:"pick"})}),r=w("span",{class:"xaiw-icon"}),s=w("span",{class:"xaiw-text"}),l=w("span",{class:"xaiw-note"}),x=w("span",{class:"xaiw-name"});x.append(s," ",l);let c=w("span",{class:"xaiw-value"}),d=L("",t==="pin"?"xaiw-pin":"xaiw-swatch",()=>i({type:"row",key:e,how:"second"})),p=w("span",{class:"xaiw-bar"});t==="show"?o.append(x,c):o.append(r,x,c),n.append(...t==="show"?[d,o]:t==="pin"?[o,d]:[o],p),n.addEventListener("pointerenter",()=>a(e)),n.addEventListener("pointerleave",()=>a(null)),n.addEventListener("focusin",()=>a(e)),n.addEventListener("focusout",()=>a(null));let f="";return{element:n,leave(){n.classList.add("xaiw-left"),v(c,"left"),g(o,"title","No longer among those shown; the list moves on when the pointer leaves it")},update(m,k,y){n.classList.remove("xaiw-left"),n.classList.toggle("xaiw-chosen",m.selected===!0),n.classList.toggle("xaiw-off",m.hidden===!0),n.style.setProperty("--xw-row",m.color),v(s,m.text),v(l,m.note??""),v(c,m.value),g(o,"aria-pressed",String(m.selected===!0));let H=[m.group,m.text,m.note,m.value&&`${m.value} ${k.unit}`];g(o,"aria-label",H.filter(Boolean).join(", ")),g(o,"title",m.title??null),p.hidden=m.bar===void 0,p.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,m.bar??0)))}%`);let A=JSON.stringify([y?.length,m.color,m.dash]);A!==f&&(f=A,(t==="show"?d:r).replaceChildren(y&&t!=="show"?Ee(y):_(m.color,m.dash))),ke(d,m,t)}}}function ke(e,t,i){if(!i)return;let a=i==="pin",n=a?t.pinned===!0:t.hidden!==!0,o=a?n?"Unpin":"Pin":n?"Hide":"Show";g(e,"aria-pressed",String(n)),g(e,"aria-label",`${o} ${t.text}`),g(e,"title",`${o} ${t.text}`),a&&v(e,n?"unpin":"pin")}function Ee(e){let t=w("img",{class:"xaiw-thumb"});return t.alt="",e.startsWith("data:image/png;base64,")&&(t.src=e),t}var Le=14;function Me(e){let t=[];for(let i of e.split("M")){let a=[];for(let n of i.replace(/Z/g,"").split("L")){let[o,r]=n.split(",").map(Number);o!==void 0&&r!==void 0&&Number.isFinite(o)&&Number.isFinite(r)&&a.push([o,r])}a.length&&t.push(a)}return t}function Se(e,t,i){let a=1/0;for(let n of e)for(let o=0;o<n.length;o++){let[r,s]=n[Math.max(0,o-1)],[l,x]=n[o],[c,d]=[l-r,x-s],p=c*c+d*d,f=p===0?0:Math.min(1,Math.max(0,((t-r)*c+(i-s)*d)/p));a=Math.min(a,Math.hypot(t-r-f*c,i-s-f*d))}return a}function ne(e,t,i){let n=[...e?.querySelectorAll(".tick")??[]].map(s=>{let l=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(s.getAttribute("transform")??""),x=(s.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(l?.[t?2:1]??NaN),x===""?NaN:Number(x)]}).filter(([s,l])=>Number.isFinite(s)&&Number.isFinite(l)),[o,r]=[n[0],n.at(-1)];return!o||!r||o[0]===r[0]?null:o[1]+(i-o[0])*(r[1]-o[1])/(r[0]-o[0])}function ie(e,t,i,a,n){let o=[],r="",s=[],l="",x=w("div",{class:"xaiw-tip"});x.hidden=!0,t.append(x);let c=new WeakMap,d=()=>e.querySelector(".xaiw-plot"),p=()=>[...d()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],f=(u,h=p())=>u.curve?h[u.curve[0]]?.querySelectorAll(":scope > g.curve")[u.curve[1]]?.querySelector("path.line")??null:null,m=u=>{let h=u.getAttribute("d")??"",b=c.get(u);if(b?.d===h)return b.runs;let M=Me(h);return c.set(u,{d:h,runs:M}),M},k=u=>{let b=d()?.querySelector(".plotarea_events")?.getScreenCTM();if(!b)return null;let M=new DOMPoint(u.clientX,u.clientY).matrixTransform(b.inverse());return[M.x,M.y]},y=u=>{let h=null,b=Le,M=p();for(let q of o){if(q.hidden)continue;let j=f(q,M),R=j?Se(m(j),u[0],u[1]):1/0;R<b&&([h,b]=[q,R])}return h},H=(u,h,b)=>{let M=f(u),j=(M?m(M).flat():[]).reduce((I,V)=>I&&Math.abs(I[0]-h[0])<=Math.abs(V[0]-h[0])?I:V,null),R=d()?.querySelectorAll(".svg-background g.axis"),G=j&&ne(R?.[0],!1,j[0]),U=j&&ne(R?.[1],!0,j[1]),xe=[u.text,u.note].filter(Boolean).join(" "),pe=G!==null&&U!==null?`epoch ${Math.round(G)}, ${U.toFixed(2).replace("-0.00","0.00")} ${r}`.trim():"";x.replaceChildren(w("b",{},xe),w("span",{},pe)),x.hidden=!1;let C=e.getBoundingClientRect(),ue=Math.min(b.clientX-C.left+12,C.width-x.offsetWidth-6);x.style.left=`${Math.max(6,ue)}px`,x.style.top=`${b.clientY-C.top-x.offsetHeight-10}px`},A=u=>u.target instanceof Element&&!!u.target.closest(".xaiw-plot"),E=()=>{x.hidden||n(null),x.hidden=!0,d()?.classList.remove("xaiw-reach")};e.addEventListener("pointermove",u=>{let h=A(u)?k(u):null,b=h&&y(h);if(!h||!b)return E();d()?.classList.add("xaiw-reach"),n(b.key),H(b,h,u)},{signal:i}),e.addEventListener("pointerleave",E,{signal:i}),e.addEventListener("click",u=>{let h=A(u)?k(u):null,b=h&&y(h);b&&a(b.key)},{signal:i});let P=()=>{let u=d()?.querySelector(".svg-figure");if(!u){i.aborted||setTimeout(P,300);return}u.setAttribute("role","img"),u.setAttribute("aria-label",l);for(let h of d()?.querySelectorAll(".svg-background, canvas")??[])h.setAttribute("aria-hidden","true")};return{rows(u,h,b){[o,r,s]=[u,h,b],s.forEach((M,q)=>e.style.setProperty(`--xw-dash${q}`,M.length?M.join(" "):"none"))},describe(u){l=u,P()},heat(u){d()?.classList.toggle("xaiw-heated",u!==null);for(let b of d()?.querySelectorAll("path.line.xaiw-hot")??[])b.classList.remove("xaiw-hot");let h=u===null?void 0:o.find(b=>b.key===u);h&&f(h)?.classList.add("xaiw-hot")}}}var oe={wide:400,narrow:600},Te=1150;function He(e,t){let i=t.width<820,a=e!=="auto"?e:i||t.height<1100?"screen":"grid",n=i?oe.narrow:oe.wide;return{layout:a,narrow:i,height:Math.round(Math.min(Te,Math.max(n,t.height-18)))}}function Ae(e){let t=[];for(let n=e.parentElement;n&&n!==document.body;n=n.parentElement){let{overflowY:o}=getComputedStyle(n);(o==="auto"||o==="scroll"||o==="hidden")&&t.push(n)}let i=e.style.height,a=["0px","6000px"].map(n=>(e.style.height=n,t.map(o=>o.clientHeight)));return e.style.height=i,t.find((n,o)=>n.clientHeight>0&&a[0][o]===a[1][o])??null}function je(){let e=()=>Math.random().toString(36).slice(2,12);try{let t=sessionStorage.getItem("xai_widgets.tab")??e();return sessionStorage.setItem("xai_widgets.tab",t),t}catch{return e()}}function re(e,t,i,a){let n=Ae(e),o=`${je()}-${e.closest(".jupyterlab-sidecar")?"pane":"page"}`,r="",s=0,l=(d,p)=>{let{width:f,height:m}=p,k=`${d} ${f} ${m}`;k!==r&&i({type:"place",name:o,value:d,width:f,height:m}),r=k},x=()=>{let d={width:Math.round(e.clientWidth),height:Math.round(n?.clientHeight??window.innerHeight)};if(d.width===0||d.height===0)return;if(e.classList.contains("xaiw-elsewhere"))return l("gone",{width:0,height:0});let{layout:p,narrow:f,height:m}=He(t(),d);e.dataset.layout=p,e.dataset.narrow=String(f),e.style.setProperty("--xw-screen",`${m}px`),clearTimeout(s),s=window.setTimeout(()=>l(p,d),150)},c=new ResizeObserver(x);return c.observe(e),n?c.observe(n):window.addEventListener("resize",x,{signal:a}),a.addEventListener("abort",()=>{c.disconnect(),clearTimeout(s),l("gone",{width:0,height:0})}),x(),x}var se=`.xaiw {
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
.xaiw-open { flex: none; align-self: flex-start; color: var(--xw-quiet); }
.jupyterlab-sidecar .xaiw-open { display: none !important; }
.xaiw-beside { flex: 1 0 100%; color: var(--xw-quiet); }
.xaiw-elsewhere .xaiw-beside { flex-basis: auto; }
.xaiw.xaiw-elsewhere { height: auto !important; }
.xaiw-elsewhere > .jupyter-widgets.xaiw-grid, .xaiw-elsewhere .xaiw-panel > :not(.xaiw-front), .xaiw-elsewhere .xaiw-front > :not(.xaiw-run, .xaiw-head),
.xaiw-elsewhere :is(.xaiw-run, .xaiw-head) > :not(.xaiw-beside, .xaiw-run-title, .xaiw-title) { display: none !important; }
.xaiw-settings { display: none; }
[data-layout="screen"] .xaiw-settings { display: block; flex: none; align-self: flex-start; }
.xaiw-settings::after { content: "\\25be"; margin-left: 4px; }
.xaiw-settings[aria-expanded="true"]::after { content: "\\25b4"; }
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
.jupyterlab-sidecar .xaiw-view.xaiw { padding: 8px 10px; }
.jupyterlab-sidecar .xaiw .xaiw-view { padding: 0; }
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
.xaiw-row.xaiw-left { opacity: .6; }
.xaiw-row.xaiw-left .xaiw-value { color: var(--xw-quiet); font-style: italic; }
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
.xaiw-hinted { border-bottom: 1px dotted var(--xw-quiet); cursor: help; flex: none; }
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
.xaiw-run .xaiw-progress { flex: 1 1 40px; }
.xaiw-buttons { display: flex; gap: 8px; margin-left: auto; }

/* saliency */
.xaiw .jupyter-widgets.xaiw-controls { grid-area: controls; display: flex; flex-flow: row wrap; gap: 0 22px; margin-bottom: 2px; }
.xaiw .jupyter-widgets.xaiw-panel.xaiw-saliency { grid-template: "head" auto "controls" auto "tools" auto "plot" auto "strip" auto "rest" 1fr / minmax(0, 1fr); }
.xaiw .jupyter-widgets.xaiw-samples { grid-area: plot; display: flex; flex-direction: column; gap: 10px; min-height: 140px; }
.xaiw .jupyter-widgets.xaiw-sample { display: grid; grid-template-columns: repeat(var(--xw-columns, 6), minmax(0, 1fr)); gap: 4px 7px; max-width: calc(var(--xw-columns, 6) * 170px); }
/* one sample is shown large: the picture, the overlay and the best mask at twice the size of the others */
.xaiw .xaiw-samples.xaiw-single .jupyter-widgets.xaiw-sample { grid-template: auto minmax(0, 2fr) minmax(0, 1.15fr) / repeat(6, minmax(0, 1fr)); max-width: 720px; }
.xaiw .xaiw-samples.xaiw-single .jupyter-widgets.xaiw-cell { order: 2; }
.xaiw .xaiw-samples.xaiw-single .jupyter-widgets:is(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { order: 1; grid-column: span 2; }
.xaiw .jupyter-widgets.xaiw-samples.xaiw-small .xaiw-sample.jupyter-widgets { grid-template: auto / repeat(auto-fill, 84px); max-width: none; }
.xaiw .jupyter-widgets.xaiw-samples.xaiw-large .xaiw-sample.jupyter-widgets { grid-template: auto / repeat(auto-fill, minmax(220px, 1fr)); max-width: none; }
.xaiw .xaiw-samples:is(.xaiw-small, .xaiw-large) .jupyter-widgets.xaiw-cell { grid-column: auto; }
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
  all: unset; flex: 1 1 0; min-width: 0; cursor: pointer; padding: 3px 10px; border-radius: 8px; border: 1px solid transparent; color: var(--xw-quiet);
}
.xaiw .xaiw-tab:hover { background: var(--xw-row-ground); }
.xaiw .xaiw-tab[aria-selected="true"] { border-color: var(--xw-edge); background: var(--xw-ground); box-shadow: inset 0 -2px 0 var(--xw-accent); }
.xaiw-tab-line { display: flex; gap: 8px; align-items: baseline; white-space: nowrap; overflow: hidden; }
.xaiw-tab-title { flex: none; font-weight: 600; color: var(--xw-text); }
.xaiw-tab-text { display: block; font-size: 12px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.xaiw-news { min-width: 0; font-size: 12px; color: var(--xw-accent); overflow: hidden; text-overflow: ellipsis; }
.xaiw-news::before { content: ""; display: inline-block; width: 6px; height: 6px; margin: 0 4px 1px 0; border-radius: 50%; background: currentColor; }
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
[data-layout="screen"] .jupyter-widgets.xaiw-samples { min-height: 0; overflow: hidden auto; scrollbar-width: thin; }
[data-layout="screen"] .jupyter-widgets.xaiw-samples.xaiw-single:not(.xaiw-large) { container: xaiw-samples / size; overflow: hidden; }
[data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { height: min(100%, 50cqw + 84px); }
[data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-cell { display: grid; grid-template: minmax(0, 1fr) auto / minmax(0, 1fr); min-height: 0; }
[data-layout="screen"] .xaiw-single .xaiw-cell::after { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
[data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) canvas { height: 100% !important; min-height: 0; object-fit: contain; object-position: left bottom; background: none; }
[data-layout="screen"] [data-folded="true"].xaiw-saliency > .xaiw-controls, [data-layout="screen"] [data-folded="true"].xaiw-saliency > .xaiw-front > .xaiw-tools { display: none; }
[data-layout="screen"] .xaiw-saliency .xaiw-settings { margin-left: auto; }
[data-layout="screen"] .xaiw-saliency .xaiw-words { order: 1; }
[data-layout="screen"] .xaiw-run { padding-bottom: 6px; }
[data-layout="screen"][data-narrow="true"] .xaiw-run { gap: 2px 12px; }
[data-layout="screen"][data-narrow="true"] .xaiw-step { display: none; }
[data-layout="screen"] .xaiw-saliency .xaiw-strip.xaiw-busy { flex-wrap: nowrap; }
[data-layout="screen"] .xaiw-saliency .xaiw-strip.xaiw-busy .xaiw-said { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
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
@container xaiw-samples (min-aspect-ratio: 21/10) {
  [data-layout="screen"] .xaiw-samples.xaiw-single .jupyter-widgets.xaiw-sample { grid-template: auto repeat(3, minmax(0, 1fr)) / repeat(3, minmax(0, 2.4fr)) minmax(0, 1fr); height: 100%; max-width: none; }
  [data-layout="screen"] .xaiw-samples.xaiw-single .jupyter-widgets.xaiw-cell { grid-column: 4; }
  [data-layout="screen"] .xaiw-samples.xaiw-single .jupyter-widgets:is(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { grid-column: auto; grid-row: 2 / -1; }
}
@container xaiw-samples (min-aspect-ratio: 21/10) and (max-height: 165px) {
  [data-layout="screen"] .xaiw-samples.xaiw-single .jupyter-widgets.xaiw-sample { grid-template: auto minmax(0, 1fr) / repeat(3, minmax(0, 2fr)) repeat(3, minmax(0, 1.15fr)); }
  [data-layout="screen"] .xaiw-samples.xaiw-single .jupyter-widgets:is(.xaiw-cell, .xaiw-cell-input, .xaiw-best) { grid-column: auto; grid-row: auto; }
}
`;function B(e){let t=e instanceof ShadowRoot?e:document.head;if(t.querySelector("style[data-xaiw]"))return;let i=document.createElement("style");i.setAttribute("data-xaiw",""),i.textContent=se,t.append(i)}function F(e,t,i){t.forEach(([a,n],o)=>e.style.setProperty(`--xw-s${o}`,i?n:a))}function de(e,t,i){let a=new Map,n=Math.random().toString(36).slice(2,8);g(e,"role","tablist"),g(e,"aria-label","Views");let o=r=>{t.dataset.tab=r;for(let[s,{element:l}]of a)le(l,s===r);i({type:"tab",name:r})};return e.addEventListener("keydown",r=>Re(e,r)),(r,s)=>{t.dataset.tab=s;for(let l of r){let{element:x,title:c,text:d,news:p}=a.get(l.name)??$e(l.name,o,a);v(c,l.title),v(d,l.text),v(p,l.news),p.hidden=l.news==="",g(x,"title",[l.title,l.text,l.news].filter(Boolean).join(", ")),le(x,l.name===s);let f=t.querySelector(`.xaiw-tab-${l.name}`);f&&(f.id||=`xaiw-${n}-${l.name}`,g(x,"aria-controls",f.id))}T(e,r.map(l=>a.get(l.name).element))}}function $e(e,t,i){let a=L("","xaiw-tab",()=>t(e)),[n,o,r]=[w("span",{class:"xaiw-tab-title"}),w("span",{class:"xaiw-tab-text"}),w("span",{class:"xaiw-news"})];a.append(w("span",{class:"xaiw-tab-line"},n,r),o),g(a,"role","tab"),g(a,"data-tab",e);let s={element:a,title:n,text:o,news:r};return i.set(e,s),s}function le(e,t){g(e,"aria-selected",String(t)),g(e,"tabindex",t?"0":"-1")}function Re(e,t){let i={ArrowRight:1,ArrowLeft:-1}[t.key];if(!i)return;let a=[...e.querySelectorAll(".xaiw-tab")],n=a.findIndex(r=>r===document.activeElement),o=a[(n+i+a.length)%a.length];n<0||!o||(t.preventDefault(),o.focus(),o.click())}function D(e,t){let i=new Map;return a=>{let n=new Map,o=a.map((l,x)=>{let c=`${x} ${JSON.stringify(l)}`,d=i.get(c)??Ne(l,t);return n.set(c,d),d}),s=(e.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word");T(e,o),i=n,s&&!e.contains(document.activeElement)&&[...e.querySelectorAll("[data-word]")].find(x=>x.getAttribute("data-word")===s)?.focus({preventScroll:!0})}}function Ne(e,t){return"options"in e?Pe(e,t):"action"in e?Ce(e,t):w("span",{class:e.text.startsWith(",")?"xaiw-said xaiw-comma":"xaiw-said"},e.text)}function Pe(e,t){let i=w("span",{class:"xaiw-word"}),a=w("select");a.setAttribute("aria-label",e.label),a.setAttribute("data-word",e.name),a.title=e.label;let n=e.value;for(let[r,s]of e.options){let l=w("option",{},s);l.value=r,l.selected=r===e.value,l.selected&&(n=s),a.append(l)}let o=w("span",{class:"xaiw-shown"},n);return o.setAttribute("aria-hidden","true"),a.addEventListener("change",()=>{o.textContent=a.selectedOptions[0]?.textContent??a.value,t({type:"word",name:e.name,value:a.value})}),i.append(o,a),i}function Ce(e,t){let i=L(e.text,"xaiw-press",()=>t({type:"action",name:e.action}),e.label);return i.disabled=e.off===!0,i.setAttribute("data-word",e.action),i}function Ie(e){let t=e.match(/[\d.]+/g)?.map(Number);if(!t||t.length<3||t.length>3&&t[3]<.5)return null;let i=e.startsWith("color(")?1:255,[a,n,o]=t.map(r=>r/i);return .2126*a+.7152*n+.0722*o}function Oe(e){let t=e.parentElement;for(;t;){let i=Ie(getComputedStyle(t).backgroundColor);if(i!==null)return i<.5;let a=t.getRootNode();t=t.parentElement??(a instanceof ShadowRoot?a.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}var We=e=>e instanceof HTMLStyleElement||e instanceof HTMLLinkElement&&e.rel==="stylesheet",ze=e=>e.some(t=>[...t.addedNodes,...t.removedNodes].some(We));function Be(e,t){let i=[],a=()=>{i.forEach(clearTimeout),i=[0,60,250,700,1500].map(s=>window.setTimeout(e,s))},n=new MutationObserver(a),o=new MutationObserver(s=>void(ze(s)&&a())),r={attributes:!0,attributeFilter:["class","style","data-theme","data-jp-theme-name","data-jp-theme-light"]};n.observe(document.documentElement,r),n.observe(document.body,r),o.observe(document.head,{childList:!0}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",a,{signal:t}),t.addEventListener("abort",()=>{n.disconnect(),o.disconnect(),i.forEach(clearTimeout)}),a()}function ce(e,t,i){let a=null,n=()=>{let o=e.isConnected?Oe(e):a;o===null||o===a||(a=o,e.classList.toggle("xaiw-dark",o),i(o))};Be(n,t),n()}var Fe=560;function S(e,t,i,a){a();for(let n of i)e.on(`change:${n}`,a),t.addEventListener("abort",()=>e.off(`change:${n}`,a))}function De({model:e,el:t}){B(document);let i=new AbortController,{signal:a}=i,n=s=>e.send(s),o=()=>n({type:"beat",name:String(e.get("beat"))});e.on("change:beat",o),a.addEventListener("abort",()=>e.off("change:beat",o));let r=e.get("kind");return r==="header"?Ge(e,t,n,a):r==="tabs"?Ue(e,t,n,a):Ve(e,t,n,a),r==="tabs"?()=>i.abort():($(t,".xaiw",a,s=>{B(s.getRootNode());let l=!1,x=!0;ce(s,a,d=>{l=d,F(s,e.get("palette"),l),n({type:"view",dark:l,ratio:window.devicePixelRatio||1,fresh:x}),x=!1});let c=()=>F(s,e.get("palette"),l);e.on("change:palette",c),a.addEventListener("abort",()=>e.off("change:palette",c))}),()=>i.abort())}function Ge(e,t,i,a){let n=w("div",{class:"xaiw-run"}),o=w("div",{class:"xaiw-strip"});t.append(n,o);let r=te(n,i,a),s=O(o,i);S(e,a,["run"],()=>r(e.get("run"))),S(e,a,["strip"],()=>s(e.get("strip"))),we(e,t,n,i,a),$(t,".xaiw-dashboard",a,l=>{let x=re(l,()=>e.get("arrangement"),i,a);S(e,a,["arrangement"],x)})}function we(e,t,i,a,n){if(!e.get("beside"))return;let o=i.classList.contains("xaiw-run")?"xaiw-button":"xaiw-press",r=L("Open beside",`${o} xaiw-open`,()=>a({type:"action",name:"beside"}),"");r.title="Show it in a pane of its own beside the notebook";let s=w("span",{hidden:!0});i.append(r,s),$(t,".xaiw",n,l=>{let x=Y(l,s,()=>e.get("beside"),n);e.on("change:beside",x),n.addEventListener("abort",()=>e.off("change:beside",x))})}function Ue(e,t,i,a){let n=w("div",{class:"xaiw-tabs"});t.append(n),$(t,".xaiw-dashboard",a,o=>{let r=de(n,o,i);S(e,a,["tabs","tab"],()=>r(e.get("tabs"),e.get("tab")))})}function Ve(e,t,i,a){let n=w("div",{class:"xaiw-head"}),o=w("span",{class:"xaiw-title"});o.setAttribute("role","heading"),o.setAttribute("aria-level","3");let r=w("span",{class:"xaiw-words"});n.append(o,r),we(e,t,n,i,a);let s=w("div",{class:"xaiw-tools"}),l=w("div",{class:"xaiw-legend"}),x=w("div",{class:"xaiw-empty"}),c=w("div",{class:"xaiw-strip"}),d=w("div",{class:"xaiw-tips"});t.append(n,s,l,x,c,d);let p=null,f=E=>{m.heat(E),p?.heat(E)},m=ae(l,i,f),k=()=>{let E=e.get("legend");m.draw(E,e.get("thumbs")),p?.rows(E?.rows??[],E?.unit??"",e.get("dashes"))},y=D(r,i),H=D(s,i),A=O(c,i);S(e,a,["head"],()=>{o.textContent=e.get("head").title,y(e.get("head").words)}),S(e,a,["tools"],()=>{s.hidden=e.get("tools").length===0,H(e.get("tools"))}),S(e,a,["legend","thumbs"],k),S(e,a,["strip"],()=>A(e.get("strip"))),S(e,a,["empty"],()=>Q(x,e.get("empty"))),$(t,".xaiw-panel",a,E=>{E.setAttribute("role","region"),E.setAttribute("aria-label",e.get("head").title),_e(E,a),E.classList.contains("xaiw-saliency")&&Ke(E,n,a),p=ie(E,d,a,u=>i({type:"row",key:u,how:"pick"}),f),k(),S(e,a,["summary"],()=>p?.describe(e.get("summary")))})}function Ke(e,t,i){let a=L("Settings","xaiw-press xaiw-settings",()=>{});t.append(a),Z(e,a,"settings",()=>!!e.closest('[data-layout="screen"]')&&e.clientHeight<Fe,i)}function _e(e,t){let i=()=>{for(let n of e.querySelectorAll(".widget-slider")){let o=n.querySelector(".widget-label")?.textContent??"";for(let r of n.querySelectorAll(".noUi-handle, .widget-readout"))r.getAttribute("aria-label")!==o&&r.setAttribute("aria-label",o)}},a=new MutationObserver(i);a.observe(e,{childList:!0,subtree:!0}),t.addEventListener("abort",()=>a.disconnect()),i()}var jt={render:De};export{jt as default};
