function c(e,a={},...i){let t=document.createElement(e);for(let[n,o]of Object.entries(a))o===!0?t.setAttribute(n,""):o!==!1&&t.setAttribute(n,String(o));return t.append(...i),t}function L(e,a,i,t=""){let n=c("button",{type:"button",class:a,...t?{"aria-label":t,title:t}:{}},e);return n.addEventListener("click",i),n}function N(e,a){e.hidden===a&&(e.hidden=!a)}function b(e,a){e.textContent!==a&&(e.textContent=a)}function m(e,a,i){i===null?e.removeAttribute(a):e.getAttribute(a)!==i&&e.setAttribute(a,i)}function T(e,a){let i=new Set(a);for(let r of[...e.children])i.has(r)||r.remove();let t=a.findIndex(r=>r.parentElement===e&&r.contains(document.activeElement)),n=Math.max(0,t),o=t<0?null:a[n];for(let r=n-1;r>=0;r--){let s=a[r];(s.nextElementSibling!==o||s.parentElement!==e)&&e.insertBefore(s,o),o=s}for(let r=t<0?0:n+1;r<a.length;r++){let s=a[r],l=r>0?a[r-1]:null;s.previousElementSibling===l&&s.parentElement===e||e.insertBefore(s,l?l.nextElementSibling:e.firstElementChild)}}function K(e,a){let i=document.createElementNS("http://www.w3.org/2000/svg",e);for(let[t,n]of Object.entries(a))i.setAttribute(t,String(n));return i}function _(e,a){let i=K("svg",{width:24,height:10,"aria-hidden":"true"}),t=K("line",{x1:1,x2:23,y1:5,y2:5,"stroke-width":2.4,"stroke-dasharray":a.length?a.join(" "):"none"});return t.style.stroke=e,i.append(t),i}function $(e,a,i,t){let n=()=>{if(i.aborted)return;let o=e.isConnected?e.closest(a):null;o?t(o):setTimeout(n,50)};n()}var J=".jupyterlab-sidecar",me=2e3,ge=10;function Y(e,a,i,t){let n=c("span",{class:"xaiw-said"}),o=L("","xaiw-press",()=>f());a.append(n," ",o),a.classList.add("xaiw-beside"),a.setAttribute("role","status");let r=()=>void window.dispatchEvent(new Event("xaiw-pane"));if(e.closest(J))return N(a,!1),e.dataset.pane=i()?.id??"",r(),t.addEventListener("abort",()=>{delete e.dataset.pane,setTimeout(r)}),()=>{};let s=Math.abs(Date.now()/1e3-(i()?.asked??0))<ge,l=!1,x=!1,w=0,d=0,p=()=>{let k=i(),y=!!k?.id&&document.querySelector(`${J} [data-pane="${CSS.escape(k.id)}"]`)!==null;y?s=l=!1:x=!1,clearTimeout(d),y&&(d=window.setTimeout(p,1e3)),e.classList.toggle("xaiw-elsewhere",y&&!x||s),N(a,y||s||l),b(n,y?"Shown beside the notebook.":s?"Opening beside the notebook\u2026":l?k?.how??"":""),N(o,y||l),b(o,y?x?"only there":"here, too":"dismiss")},f=()=>{l?l=!1:x=!x,p()},g=()=>{clearTimeout(w),s&&(w=window.setTimeout(()=>(l=s,s=!1,p()),me)),p()};return window.addEventListener("xaiw-pane",p,{signal:t}),t.addEventListener("abort",()=>[w,d].forEach(clearTimeout)),g(),()=>{s=!0,l=!1,g()}}var X=e=>`xai_widgets.fold.${e}`;function fe(e){try{let a=sessionStorage.getItem(X(e));return a===null?null:a==="folded"}catch{return null}}function he(e,a){try{sessionStorage.setItem(X(e),a?"folded":"open")}catch(i){console.debug("xai_widgets: what is folded is not kept over a reload:",i)}}function Z(e,a,i,t,n){let o=fe(i),r=()=>{let l=o??t();m(e,"data-folded",String(l)),m(a,"aria-expanded",String(!l))};a.addEventListener("click",()=>{o=e.getAttribute("data-folded")!=="true",he(i,o),r()},{signal:n});let s=new ResizeObserver(r);s.observe(e),n.addEventListener("abort",()=>s.disconnect()),r()}var be={ok:"proved",open:"not proved",warn:"look here"};function Q(e,a){let i=c("details",{class:"xaiw-check",hidden:!0}),t=c("summary"),n=c("ul",{class:"xaiw-check-items"});i.append(t,n),e.querySelector(".xaiw-facts")?.after(i);let o="",r=s=>{i.open&&!(s.target instanceof Node&&i.contains(s.target))&&(i.open=!1)};return document.addEventListener("pointerdown",r,{signal:a,capture:!0}),i.addEventListener("keydown",s=>{s.key!=="Escape"||!i.open||(i.open=!1,t.focus())}),s=>{if(i.hidden=!s,!s)return;b(t,s.text),m(t,"title",s.text),m(i,"data-level",s.level);let l=JSON.stringify(s.items);l!==o&&(o=l,n.replaceChildren(...s.items.map(ve)))}}function ve(e){let a=c("li",{"data-level":e.level},c("span",{class:"xaiw-sr"},`${be[e.level]??""}: `),e.text);return e.remedy&&a.append(c("code",{},e.remedy)),a}function O(e,a){let i=c("span",{class:"xaiw-said"}),t=c("details",{class:"xaiw-fold"}),n=c("summary"),o=c("pre");t.append(n,o);let r=z(),s=c("span",{class:"xaiw-said"}),l="",x=L("","xaiw-button",()=>a({type:"action",name:l}));return e.append(i,t,r.element,s,x),w=>{e.hidden=!w.level,e.className=`xaiw-strip xaiw-${w.level||"none"}`,m(e,"role",w.level==="error"?"alert":"status");let d=w.details!=="";i.hidden=d,t.hidden=!d,b(d?n:i,w.text),b(o,w.details),d||(t.open=!1),r.update(w.progress,w.text),s.hidden=!w.right,b(s,w.right),m(s,"title",w.hint||null),m(s,"aria-label",w.hint?`${w.right}: ${w.hint}`:null),m(s,"tabindex",w.hint?"0":null),m(s,"role",w.hint?"note":null),s.classList.toggle("xaiw-hinted",w.hint!==""),x.hidden=!w.action,l=w.action?.name??"",b(x,w.action?.text??"")}}function z(){let e=c("div",{class:"xaiw-progress"}),a=c("span");return e.append(a),m(e,"role","progressbar"),m(e,"aria-valuemin","0"),m(e,"aria-valuemax","100"),{element:e,update(i,t){e.hidden=i===null;let n=Math.round(100*Math.min(1,Math.max(0,i??0)));m(e,"aria-label",t||"progress"),m(e,"aria-valuenow",String(n)),a.style.width=`${n}%`}}}function ee(e,a){e.hidden=!a,e.replaceChildren(),a&&e.append(c("div",{class:"xaiw-empty-text"},a.text),c("div",{class:"xaiw-empty-hint"},a.hint))}function te(e){let a=Math.max(0,Math.round(e));return a<100?`${a} s`:a<3600?`${Math.floor(a/60)} min ${a%60} s`:`${Math.floor(a/3600)} h ${Math.floor(a%3600/60)} min`}function ae(e,a,i){let t=null,n=performance.now(),o=c("span",{class:"xaiw-run-title"});m(o,"role","heading"),m(o,"aria-level","2");let r=c("span",{class:"xaiw-state"});m(r,"role","status");let[s,l,x]=[c("span"),c("span",{class:"xaiw-step"}),c("span",{class:"xaiw-time"})],w=c("span",{class:"xaiw-facts"});w.append(s,l,x);let d=z(),p=c("span",{class:"xaiw-buttons"});e.append(o,r,w),e.append(d.element,p);let f=ye(p,a),g=()=>{let y=t?.ticking?(performance.now()-n)/1e3:0,H=t?.left==null?"":`, ${te(t.left-y)} left`;b(x,t?.elapsed==null?"":`${te(t.elapsed+y)}${H}`)},k=setInterval(()=>{t?.ticking&&!document.hidden&&g()},1e3);return i.addEventListener("abort",()=>clearInterval(k)),y=>{t=y,n=performance.now(),e.hidden=!t,t&&(b(o,t.title),b(r,t.state),r.dataset.status=t.status,b(s,t.epoch),b(l,t.step),g(),d.update(t.progress,t.epoch),f(t.words))}}function ye(e,a){let i=new Map;return t=>{let n=[];for(let o of t){if(!("action"in o))continue;let r=o.action,s=i.get(r)??L("","xaiw-button",()=>a({type:"action",name:r}));i.set(r,s),b(s,o.text),s.disabled=o.off===!0,m(s,"title",o.label??null),n.push(s)}T(e,n)}}function ie(e,a,i){let t=new Map,n=new Map;e.setAttribute("role","group"),e.addEventListener("keydown",r=>ke(e,r));let o=null;return e.addEventListener("pointerleave",()=>o?.()),{draw(r,s){if(o=null,r&&t.size&&e.matches(":hover")){let d=new Set(r.rows.map(p=>p.key));for(let p of r.rows)t.get(p.key)?.update(p,r,s[p.key]);for(let[p,f]of t)d.has(p)||f.leave();o=()=>this.draw(r,s);return}if(e.hidden=!r||r.rows.length===0,!r)return;let l=e.contains(document.activeElement)?document.activeElement:null;m(e,"aria-label",r.label);let x=new Set(r.rows.map(d=>d.key));for(let d of[...t.keys()])x.has(d)||t.delete(d);let w=new Map;for(let d of r.rows){let p=t.get(d.key)??Ee(d.key,r.second,a,i);t.set(d.key,p),p.update(d,r,s[d.key]);let f=d.group??"";w.set(f,[...w.get(f)??[],p.element]),W(n,f).name.style.color=d.color}T(e,[...w.keys()].flatMap(d=>{let p=W(n,d);return d?[p.name,p.list]:[p.list]}));for(let[d,p]of w)T(W(n,d).list,p);l&&l!==document.activeElement&&e.contains(l)&&l.focus({preventScroll:!0})},heat(r){for(let[s,{element:l}]of t)l.classList.toggle("xaiw-hot",s===r)}}}function W(e,a){let i=e.get(a);if(i)return i;let t={name:c("div",{class:"xaiw-group"},a),list:c("ul",{class:"xaiw-rows"})};return a&&t.list.setAttribute("aria-label",a),e.set(a,t),t}function ke(e,a){let i={ArrowDown:1,ArrowUp:-1}[a.key];if(!i)return;let t=[...e.querySelectorAll(".xaiw-row-main")],n=t.findIndex(r=>r.parentElement?.contains(document.activeElement)),o=t[n+i];o&&(a.preventDefault(),o.focus())}function Ee(e,a,i,t){let n=c("li",{class:"xaiw-row"});n.dataset.row=e;let o=L("","xaiw-row-main",()=>{let g=n.classList.contains("xaiw-chosen");for(let k of n.closest(".xaiw-legend")?.querySelectorAll(".xaiw-chosen")??[])k.classList.remove("xaiw-chosen");n.classList.toggle("xaiw-chosen",!g),i({type:"row",key:e,how:"pick"})}),r=c("span",{class:"xaiw-icon"}),s=c("span",{class:"xaiw-text"}),l=c("span",{class:"xaiw-note"}),x=c("span",{class:"xaiw-name"});x.append(s," ",l);let w=c("span",{class:"xaiw-value"}),d=L("",a==="pin"?"xaiw-pin":"xaiw-swatch",()=>i({type:"row",key:e,how:"second"})),p=c("span",{class:"xaiw-bar"});a==="show"?o.append(x,w):o.append(r,x,w),n.append(...a==="show"?[d,o]:a==="pin"?[o,d]:[o],p),n.addEventListener("pointerenter",()=>t(e)),n.addEventListener("pointerleave",()=>t(null)),n.addEventListener("focusin",()=>t(e)),n.addEventListener("focusout",()=>t(null));let f="";return{element:n,leave(){n.classList.add("xaiw-left"),b(w,"left"),m(o,"title","No longer among those shown; the list moves on when the pointer leaves it")},update(g,k,y){n.classList.remove("xaiw-left"),n.classList.toggle("xaiw-chosen",g.selected===!0),n.classList.toggle("xaiw-off",g.hidden===!0),n.style.setProperty("--xw-row",g.color),b(s,g.text),b(l,g.note??""),b(w,g.value),m(o,"aria-pressed",String(g.selected===!0));let H=[g.group,g.text,g.note,g.value&&`${g.value} ${k.unit}`];m(o,"aria-label",H.filter(Boolean).join(", ")),m(o,"title",g.title??null),p.hidden=g.bar===void 0,p.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,g.bar??0)))}%`);let A=JSON.stringify([y?.length,g.color,g.dash]);A!==f&&(f=A,(a==="show"?d:r).replaceChildren(y&&a!=="show"?Me(y):_(g.color,g.dash))),Le(d,g,a)}}}function Le(e,a,i){if(!i)return;let t=i==="pin",n=t?a.pinned===!0:a.hidden!==!0,o=t?n?"Unpin":"Pin":n?"Hide":"Show";m(e,"aria-pressed",String(n)),m(e,"aria-label",`${o} ${a.text}`),m(e,"title",`${o} ${a.text}`),t&&b(e,n?"unpin":"pin")}function Me(e){let a=c("img",{class:"xaiw-thumb"});return a.alt="",e.startsWith("data:image/png;base64,")&&(a.src=e),a}var Se=14;function Te(e){let a=[];for(let i of e.split("M")){let t=[];for(let n of i.replace(/Z/g,"").split("L")){let[o,r]=n.split(",").map(Number);o!==void 0&&r!==void 0&&Number.isFinite(o)&&Number.isFinite(r)&&t.push([o,r])}t.length&&a.push(t)}return a}function He(e,a,i){let t=1/0;for(let n of e)for(let o=0;o<n.length;o++){let[r,s]=n[Math.max(0,o-1)],[l,x]=n[o],[w,d]=[l-r,x-s],p=w*w+d*d,f=p===0?0:Math.min(1,Math.max(0,((a-r)*w+(i-s)*d)/p));t=Math.min(t,Math.hypot(a-r-f*w,i-s-f*d))}return t}function ne(e,a,i){let n=[...e?.querySelectorAll(".tick")??[]].map(s=>{let l=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(s.getAttribute("transform")??""),x=(s.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(l?.[a?2:1]??NaN),x===""?NaN:Number(x)]}).filter(([s,l])=>Number.isFinite(s)&&Number.isFinite(l)),[o,r]=[n[0],n.at(-1)];return!o||!r||o[0]===r[0]?null:o[1]+(i-o[0])*(r[1]-o[1])/(r[0]-o[0])}function oe(e,a,i,t,n){let o=[],r="",s=[],l="",x=c("div",{class:"xaiw-tip"});x.hidden=!0,a.append(x);let w=new WeakMap,d=()=>e.querySelector(".xaiw-plot"),p=()=>[...d()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],f=(u,h=p())=>u.curve?h[u.curve[0]]?.querySelectorAll(":scope > g.curve")[u.curve[1]]?.querySelector("path.line")??null:null,g=u=>{let h=u.getAttribute("d")??"",v=w.get(u);if(v?.d===h)return v.runs;let M=Te(h);return w.set(u,{d:h,runs:M}),M},k=u=>{let v=d()?.querySelector(".plotarea_events")?.getScreenCTM();if(!v)return null;let M=new DOMPoint(u.clientX,u.clientY).matrixTransform(v.inverse());return[M.x,M.y]},y=u=>{let h=null,v=Se,M=p();for(let j of o){if(j.hidden)continue;let q=f(j,M),R=q?He(g(q),u[0],u[1]):1/0;R<v&&([h,v]=[j,R])}return h},H=(u,h,v)=>{let M=f(u),q=(M?g(M).flat():[]).reduce((I,V)=>I&&Math.abs(I[0]-h[0])<=Math.abs(V[0]-h[0])?I:V,null),R=d()?.querySelectorAll(".svg-background g.axis"),G=q&&ne(R?.[0],!1,q[0]),U=q&&ne(R?.[1],!0,q[1]),xe=[u.text,u.note].filter(Boolean).join(" "),pe=G!==null&&U!==null?`epoch ${Math.round(G)}, ${U.toFixed(2).replace("-0.00","0.00")} ${r}`.trim():"";x.replaceChildren(c("b",{},xe),c("span",{},pe)),x.hidden=!1;let P=e.getBoundingClientRect(),ue=Math.min(v.clientX-P.left+12,P.width-x.offsetWidth-6);x.style.left=`${Math.max(6,ue)}px`,x.style.top=`${v.clientY-P.top-x.offsetHeight-10}px`},A=u=>u.target instanceof Element&&!!u.target.closest(".xaiw-plot"),E=()=>{x.hidden||n(null),x.hidden=!0,d()?.classList.remove("xaiw-reach")};e.addEventListener("pointermove",u=>{let h=A(u)?k(u):null,v=h&&y(h);if(!h||!v)return E();d()?.classList.add("xaiw-reach"),n(v.key),H(v,h,u)},{signal:i}),e.addEventListener("pointerleave",E,{signal:i}),e.addEventListener("click",u=>{let h=A(u)?k(u):null,v=h&&y(h);v&&t(v.key)},{signal:i});let C=()=>{let u=d()?.querySelector(".svg-figure");if(!u){i.aborted||setTimeout(C,300);return}u.setAttribute("role","img"),u.setAttribute("aria-label",l);for(let h of d()?.querySelectorAll(".svg-background, canvas")??[])h.setAttribute("aria-hidden","true")};return{rows(u,h,v){[o,r,s]=[u,h,v],s.forEach((M,j)=>e.style.setProperty(`--xw-dash${j}`,M.length?M.join(" "):"none"))},describe(u){l=u,C()},heat(u){d()?.classList.toggle("xaiw-heated",u!==null);for(let v of d()?.querySelectorAll("path.line.xaiw-hot")??[])v.classList.remove("xaiw-hot");let h=u===null?void 0:o.find(v=>v.key===u);h&&f(h)?.classList.add("xaiw-hot")}}}var Ae={wide:400,narrow:600},qe={wide:1150,narrow:1500};function je(e,a){let i=a.width<820,t=e!=="auto"?e:i||a.height<1100?"screen":"grid",n=i?"narrow":"wide";return{layout:t,narrow:i,height:Math.round(Math.min(qe[n],Math.max(Ae[n],a.height-18)))}}function $e(e){let a=[];for(let t=e.parentElement;t&&t!==document.body;t=t.parentElement){let{overflowY:n}=getComputedStyle(t);(n==="auto"||n==="scroll"||n==="hidden")&&a.push(t)}let i=["0px","6000px"].map(t=>(e.style.setProperty("height",t,"important"),a.map(n=>n.clientHeight)));return e.style.removeProperty("height"),a.find((t,n)=>t.clientHeight>0&&i[0][n]===i[1][n])??null}function Re(){let e=()=>Math.random().toString(36).slice(2,12);try{let a=sessionStorage.getItem("xai_widgets.tab")??e();return sessionStorage.setItem("xai_widgets.tab",a),a}catch{return e()}}function re(e,a,i,t){let n=$e(e),o=`${Re()}-${e.closest(".jupyterlab-sidecar")?"pane":"page"}`,r="",s=0,l=(d,p)=>{let{width:f,height:g}=p,k=`${d} ${f} ${g}`;k!==r&&i({type:"place",name:o,value:d,width:f,height:g}),r=k},x=()=>{let d={width:Math.round(e.clientWidth),height:Math.round(n?.clientHeight??window.innerHeight)};if(d.width===0||d.height===0)return;if(e.classList.contains("xaiw-elsewhere"))return l("gone",{width:0,height:0});let{layout:p,narrow:f,height:g}=je(a(),d);e.dataset.layout=p,e.dataset.narrow=String(f),e.style.setProperty("--xw-screen",`${g}px`),clearTimeout(s),s=window.setTimeout(()=>l(p,d),150)},w=new ResizeObserver(x);return w.observe(e),n?w.observe(n):window.addEventListener("resize",x,{signal:t}),t.addEventListener("abort",()=>{w.disconnect(),clearTimeout(s),l("gone",{width:0,height:0})}),x(),x}var se=`.xaiw {
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
.xaiw-check { position: relative; min-width: 0; max-width: 24em; color: var(--xw-quiet); }
.xaiw-check summary { cursor: pointer; list-style: none; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.xaiw-check summary::before { content: ""; display: inline-block; width: 8px; height: 8px; margin-right: 6px; border-radius: 2px; background: var(--xw-good); }
.xaiw-check[data-level="open"] summary::before { background: none; border: 2px solid var(--xw-good); }
.xaiw-check[data-level="warn"] summary { color: var(--xw-warm); }
.xaiw-check[data-level="warn"] summary::before { background: var(--xw-warm); border-radius: 0; transform: rotate(45deg); }
.xaiw-check ul.xaiw-check-items {
  position: absolute; z-index: 7; left: 0; top: 100%; width: max-content; max-width: min(64ch, 80vw); max-height: 50vh; overflow: auto; margin: 4px 0 0; padding: 8px 12px;
  list-style: none; border: 1px solid var(--xw-edge); border-radius: 8px; background: var(--xw-ground); color: var(--xw-text);
}
.xaiw-check li { padding: 2px 0 2px 14px; position: relative; overflow-wrap: anywhere; }
.xaiw-check li::before { content: ""; position: absolute; left: 0; top: 9px; width: 6px; height: 6px; border-radius: 50%; background: var(--xw-good); }
.xaiw-check li[data-level="open"]::before { background: none; border: 1.5px solid var(--xw-quiet); }
.xaiw-check li[data-level="warn"]::before { background: var(--xw-warm); border-radius: 0; }
.xaiw-check li code { display: block; white-space: pre-wrap; font-size: 12px; background: var(--xw-soft); border-radius: 4px; padding: 2px 6px; }
.xaiw-sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
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
[data-layout="screen"] > .xaiw-grid > .xaiw-tab-classes, [data-layout="screen"] > .xaiw-grid > .xaiw-tab-instances, [data-layout="screen"] > .xaiw-grid > .xaiw-tab-map, [data-layout="screen"] > .xaiw-grid > .xaiw-tab-rules {
  grid-area: view; visibility: hidden; min-height: 0; overflow: hidden;
}
[data-layout="screen"][data-tab="classes"] > .xaiw-grid > .xaiw-tab-classes, [data-layout="screen"][data-tab="instances"] > .xaiw-grid > .xaiw-tab-instances,
[data-layout="screen"][data-tab="map"] > .xaiw-grid > .xaiw-tab-map, [data-layout="screen"][data-tab="rules"] > .xaiw-grid > .xaiw-tab-rules { visibility: visible; }
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
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto repeat(3, minmax(0, 1fr)) / repeat(3, minmax(0, 2.4fr)) minmax(0, 1fr); height: 100%; max-width: none; }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-cell { grid-column: 4; }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets:is(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { grid-column: auto; grid-row: 2 / -1; }
}
@container xaiw-samples (min-aspect-ratio: 21/10) and (max-height: 165px) {
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto minmax(0, 1fr) / repeat(3, minmax(0, 2fr)) repeat(3, minmax(0, 1.15fr)); }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets:is(.xaiw-cell, .xaiw-cell-input, .xaiw-best) { grid-column: auto; grid-row: auto; }
}
@container xaiw-samples (max-aspect-ratio: 1/1) {
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto repeat(2, minmax(0, 1fr)) / repeat(6, minmax(0, 1fr)); height: min(100%, 100cqw + 84px); }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets:is(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { grid-column: span 3; }
}
`;function B(e){let a=e instanceof ShadowRoot?e:document.head;if(a.querySelector("style[data-xaiw]"))return;let i=document.createElement("style");i.setAttribute("data-xaiw",""),i.textContent=se,a.append(i)}function F(e,a,i){a.forEach(([t,n],o)=>e.style.setProperty(`--xw-s${o}`,i?n:t))}function de(e,a,i){let t=new Map,n=Math.random().toString(36).slice(2,8);m(e,"role","tablist"),m(e,"aria-label","Views");let o=r=>{a.dataset.tab=r;for(let[s,{element:l}]of t)le(l,s===r);i({type:"tab",name:r})};return e.addEventListener("keydown",r=>Pe(e,r)),(r,s)=>{a.dataset.tab=s;for(let l of r){let{element:x,title:w,text:d,news:p}=t.get(l.name)??Ce(l.name,o,t);b(w,l.title),b(d,l.text),b(p,l.news),p.hidden=l.news==="",m(x,"title",[l.title,l.text,l.news].filter(Boolean).join(", ")),le(x,l.name===s);let f=a.querySelector(`.xaiw-tab-${l.name}`);f&&(f.id||=`xaiw-${n}-${l.name}`,m(x,"aria-controls",f.id))}T(e,r.map(l=>t.get(l.name).element))}}function Ce(e,a,i){let t=L("","xaiw-tab",()=>a(e)),[n,o,r]=[c("span",{class:"xaiw-tab-title"}),c("span",{class:"xaiw-tab-text"}),c("span",{class:"xaiw-news"})];t.append(c("span",{class:"xaiw-tab-line"},n,r),o),m(t,"role","tab"),m(t,"data-tab",e);let s={element:t,title:n,text:o,news:r};return i.set(e,s),s}function le(e,a){m(e,"aria-selected",String(a)),m(e,"tabindex",a?"0":"-1")}function Pe(e,a){let i={ArrowRight:1,ArrowLeft:-1}[a.key];if(!i)return;let t=[...e.querySelectorAll(".xaiw-tab")],n=t.findIndex(r=>r===document.activeElement),o=t[(n+i+t.length)%t.length];n<0||!o||(a.preventDefault(),o.focus(),o.click())}function D(e,a){let i=new Map;return t=>{let n=new Map,o=t.map((l,x)=>{let w=`${x} ${JSON.stringify(l)}`,d=i.get(w)??Ie(l,a);return n.set(w,d),d}),s=(e.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word");T(e,o),i=n,s&&!e.contains(document.activeElement)&&[...e.querySelectorAll("[data-word]")].find(x=>x.getAttribute("data-word")===s)?.focus({preventScroll:!0})}}function Ie(e,a){return"options"in e?Oe(e,a):"action"in e?ze(e,a):c("span",{class:e.text.startsWith(",")?"xaiw-said xaiw-comma":"xaiw-said"},e.text)}function Oe(e,a){let i=c("span",{class:"xaiw-word"}),t=c("select");t.setAttribute("aria-label",e.label),t.setAttribute("data-word",e.name),t.title=e.label;let n=e.value;for(let[r,s]of e.options){let l=c("option",{},s);l.value=r,l.selected=r===e.value,l.selected&&(n=s),t.append(l)}let o=c("span",{class:"xaiw-shown"},n);return o.setAttribute("aria-hidden","true"),t.addEventListener("change",()=>{o.textContent=t.selectedOptions[0]?.textContent??t.value,a({type:"word",name:e.name,value:t.value})}),i.append(o,t),i}function ze(e,a){let i=L(e.text,"xaiw-press",()=>a({type:"action",name:e.action}),e.label);return i.disabled=e.off===!0,i.setAttribute("data-word",e.action),i}function We(e){let a=e.match(/[\d.]+/g)?.map(Number);if(!a||a.length<3||a.length>3&&a[3]<.5)return null;let i=e.startsWith("color(")?1:255,[t,n,o]=a.map(r=>r/i);return .2126*t+.7152*n+.0722*o}function Be(e){let a=e.parentElement;for(;a;){let i=We(getComputedStyle(a).backgroundColor);if(i!==null)return i<.5;let t=a.getRootNode();a=a.parentElement??(t instanceof ShadowRoot?t.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}var Fe=e=>e instanceof HTMLStyleElement||e instanceof HTMLLinkElement&&e.rel==="stylesheet",De=e=>e.some(a=>[...a.addedNodes,...a.removedNodes].some(Fe));function Ge(e,a){let i=[],t=()=>{i.forEach(clearTimeout),i=[0,60,250,700,1500].map(s=>window.setTimeout(e,s))},n=new MutationObserver(t),o=new MutationObserver(s=>void(De(s)&&t())),r={attributes:!0,attributeFilter:["class","style","data-theme","data-jp-theme-name","data-jp-theme-light"]};n.observe(document.documentElement,r),n.observe(document.body,r),o.observe(document.head,{childList:!0}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",t,{signal:a}),a.addEventListener("abort",()=>{n.disconnect(),o.disconnect(),i.forEach(clearTimeout)}),t()}function ce(e,a,i){let t=null,n=()=>{let o=e.isConnected?Be(e):t;o===null||o===t||(t=o,e.classList.toggle("xaiw-dark",o),i(o))};Ge(n,a),n()}var Ue=560;function S(e,a,i,t){t();for(let n of i)e.on(`change:${n}`,t),a.addEventListener("abort",()=>e.off(`change:${n}`,t))}function Ve({model:e,el:a}){B(document);let i=new AbortController,{signal:t}=i,n=s=>e.send(s),o=()=>n({type:"beat",name:String(e.get("beat"))});e.on("change:beat",o),t.addEventListener("abort",()=>e.off("change:beat",o));let r=e.get("kind");return r==="header"?Ke(e,a,n,t):r==="tabs"?_e(e,a,n,t):Je(e,a,n,t),r==="tabs"?()=>i.abort():($(a,".xaiw",t,s=>{B(s.getRootNode());let l=!1,x=!0;ce(s,t,d=>{l=d,F(s,e.get("palette"),l),n({type:"view",dark:l,ratio:window.devicePixelRatio||1,fresh:x}),x=!1});let w=()=>F(s,e.get("palette"),l);e.on("change:palette",w),t.addEventListener("abort",()=>e.off("change:palette",w))}),()=>i.abort())}function Ke(e,a,i,t){let n=c("div",{class:"xaiw-run"}),o=c("div",{class:"xaiw-strip"});a.append(n,o);let r=ae(n,i,t),s=Q(n,t),l=O(o,i);S(e,t,["run"],()=>r(e.get("run"))),S(e,t,["check"],()=>s(e.get("check"))),S(e,t,["strip"],()=>l(e.get("strip"))),we(e,a,n,i,t),$(a,".xaiw-dashboard",t,x=>{let w=re(x,()=>e.get("arrangement"),i,t);S(e,t,["arrangement"],w)})}function we(e,a,i,t,n){if(!e.get("beside"))return;let o=i.classList.contains("xaiw-run")?"xaiw-button":"xaiw-press",r=L("Open beside",`${o} xaiw-open`,()=>t({type:"action",name:"beside"}),"");r.title="Show it in a pane of its own beside the notebook";let s=c("span",{hidden:!0});i.append(r,s),$(a,".xaiw",n,l=>{let x=Y(l,s,()=>e.get("beside"),n);e.on("change:beside",x),n.addEventListener("abort",()=>e.off("change:beside",x))})}function _e(e,a,i,t){let n=c("div",{class:"xaiw-tabs"});a.append(n),$(a,".xaiw-dashboard",t,o=>{let r=de(n,o,i);S(e,t,["tabs","tab"],()=>r(e.get("tabs"),e.get("tab")))})}function Je(e,a,i,t){let n=c("div",{class:"xaiw-head"}),o=c("span",{class:"xaiw-title"});o.setAttribute("role","heading"),o.setAttribute("aria-level","3");let r=c("span",{class:"xaiw-words"});n.append(o,r),we(e,a,n,i,t);let s=c("div",{class:"xaiw-tools"}),l=c("div",{class:"xaiw-legend"}),x=c("div",{class:"xaiw-empty"}),w=c("div",{class:"xaiw-strip"}),d=c("div",{class:"xaiw-tips"});a.append(n,s,l,x,w,d);let p=null,f=E=>{g.heat(E),p?.heat(E)},g=ie(l,i,f),k=()=>{let E=e.get("legend");g.draw(E,e.get("thumbs")),p?.rows(E?.rows??[],E?.unit??"",e.get("dashes"))},y=D(r,i),H=D(s,i),A=O(w,i);S(e,t,["head"],()=>{o.textContent=e.get("head").title,y(e.get("head").words)}),S(e,t,["tools"],()=>{s.hidden=e.get("tools").length===0,H(e.get("tools"))}),S(e,t,["legend","thumbs"],k),S(e,t,["strip"],()=>A(e.get("strip"))),S(e,t,["empty"],()=>ee(x,e.get("empty"))),$(a,".xaiw-panel",t,E=>{E.setAttribute("role","region"),E.setAttribute("aria-label",e.get("head").title),Xe(E,t),E.classList.contains("xaiw-saliency")&&Ye(E,n,t),p=oe(E,d,t,u=>i({type:"row",key:u,how:"pick"}),f),k(),S(e,t,["summary"],()=>p?.describe(e.get("summary")))})}function Ye(e,a,i){let t=L("Settings","xaiw-press xaiw-settings",()=>{});a.append(t),Z(e,t,"settings",()=>!!e.closest('[data-layout="screen"]')&&e.clientHeight<Ue,i)}function Xe(e,a){let i=()=>{for(let n of e.querySelectorAll(".widget-slider")){let o=n.querySelector(".widget-label")?.textContent??"";for(let r of n.querySelectorAll(".noUi-handle, .widget-readout"))r.getAttribute("aria-label")!==o&&r.setAttribute("aria-label",o)}},t=new MutationObserver(i);t.observe(e,{childList:!0,subtree:!0}),a.addEventListener("abort",()=>t.disconnect()),i()}var Pt={render:Ve};export{Pt as default};
