function d(e,a={},...n){let t=document.createElement(e);for(let[i,o]of Object.entries(a))o===!0?t.setAttribute(i,""):o!==!1&&t.setAttribute(i,String(o));return t.append(...n),t}function L(e,a,n,t=""){let i=d("button",{type:"button",class:a,...t?{"aria-label":t,title:t}:{}},e);return i.addEventListener("click",n),i}function C(e,a){e.hidden===a&&(e.hidden=!a)}function h(e,a){e.textContent!==a&&(e.textContent=a)}function g(e,a,n){n===null?e.removeAttribute(a):e.getAttribute(a)!==n&&e.setAttribute(a,n)}function T(e,a){let n=new Set(a);for(let r of[...e.children])n.has(r)||r.remove();let t=a.findIndex(r=>r.parentElement===e&&r.contains(document.activeElement)),i=Math.max(0,t),o=t<0?null:a[i];for(let r=i-1;r>=0;r--){let s=a[r];(s.nextElementSibling!==o||s.parentElement!==e)&&e.insertBefore(s,o),o=s}for(let r=t<0?0:i+1;r<a.length;r++){let s=a[r],l=r>0?a[r-1]:null;s.previousElementSibling===l&&s.parentElement===e||e.insertBefore(s,l?l.nextElementSibling:e.firstElementChild)}}function Y(e,a){let n=document.createElementNS("http://www.w3.org/2000/svg",e);for(let[t,i]of Object.entries(a))n.setAttribute(t,String(i));return n}function X(e,a){let n=Y("svg",{width:24,height:10,"aria-hidden":"true"}),t=Y("line",{x1:1,x2:23,y1:5,y2:5,"stroke-width":2.4,"stroke-dasharray":a.length?a.join(" "):"none"});return t.style.stroke=e,n.append(t),n}function $(e,a,n,t){let i=()=>{if(n.aborted)return;let o=e.isConnected?e.closest(a):null;o?t(o):setTimeout(i,50)};i()}var Z=".jupyterlab-sidecar",ke=2e3,Ee=10;function Q(e,a,n,t){let i=d("span",{class:"xaiw-said"}),o=L("","xaiw-press",()=>b());a.append(i," ",o),a.classList.add("xaiw-beside"),a.setAttribute("role","status");let r=()=>void window.dispatchEvent(new Event("xaiw-pane"));if(e.closest(Z))return C(a,!1),e.dataset.pane=n()?.id??"",r(),t.addEventListener("abort",()=>{delete e.dataset.pane,setTimeout(r)}),()=>{};let s=Math.abs(Date.now()/1e3-(n()?.asked??0))<Ee,l=!1,x=!1,w=0,c=0,p=()=>{let v=n(),k=!!v?.id&&document.querySelector(`${Z} [data-pane="${CSS.escape(v.id)}"]`)!==null;k?s=l=!1:x=!1,clearTimeout(c),k&&(c=window.setTimeout(p,1e3)),e.classList.toggle("xaiw-elsewhere",k&&!x||s),C(a,k||s||l),h(i,k?"Shown beside the notebook.":s?"Opening beside the notebook\u2026":l?v?.how??"":""),C(o,k||l),h(o,k?x?"only there":"here, too":"dismiss")},b=()=>{l?l=!1:x=!x,p()},u=()=>{clearTimeout(w),s&&(w=window.setTimeout(()=>(l=s,s=!1,p()),ke)),p()};return window.addEventListener("xaiw-pane",p,{signal:t}),t.addEventListener("abort",()=>[w,c].forEach(clearTimeout)),u(),()=>{s=!0,l=!1,u()}}var ee="xaiw-chosen",Le=1500,Se=300;function te(e,a){e.closest(".xaiw-dashboard")?.dispatchEvent(new CustomEvent(ee,{detail:a}))}function ae(e,a,n,t){let i=d("b"),o=d("span"),r=d("span",{class:"xaiw-note"}),s=d("div",{class:"xaiw-next",hidden:!0,"aria-hidden":"true"},i," ",o," ",r),l=d("div",{class:"xaiw-sr",role:"status"});a.append(s,l);let x=0,w=n(),c=u=>{clearTimeout(x),C(s,u!==null),e.classList.toggle("xaiw-awaits",u!==null),h(i,u?.text??""),h(o,u?.note??""),h(r,""),u&&(x=window.setTimeout(()=>h(r,"waiting for the kernel"),Le))},p=()=>[...e.querySelectorAll(".xaiw-sample:not(.xaiw-hide) .xaiw-caption")].map(v=>[...v.children].map(k=>k.textContent).join(", ")).join("; ");return e.closest(".xaiw-dashboard")?.addEventListener(ee,u=>{let v=u.detail;n()!==`saliency of ${v.text}`&&(c(v),h(l,[v.text,v.note].filter(Boolean).join(", ")))},{signal:t}),t.addEventListener("abort",()=>clearTimeout(x)),()=>{n()!==w&&(w=n(),c(null),x=window.setTimeout(()=>h(l,p()),Se))}}var ie=e=>`xai_widgets.fold.${e}`;function Me(e){try{let a=sessionStorage.getItem(ie(e));return a===null?null:a==="folded"}catch{return null}}function Te(e,a){try{sessionStorage.setItem(ie(e),a?"folded":"open")}catch(n){console.debug("xai_widgets: what is folded is not kept over a reload:",n)}}function ne(e,a,n,t,i){let o=Me(n),r=()=>{let l=o??t();g(e,"data-folded",String(l)),g(a,"aria-expanded",String(!l))};a.addEventListener("click",()=>{o=e.getAttribute("data-folded")!=="true",Te(n,o),r()},{signal:i});let s=new ResizeObserver(r);s.observe(e),i.addEventListener("abort",()=>s.disconnect()),r()}var O="data-lm-suppress-shortcuts";function I(e,a,n=He){let t=i=>{let{target:o}=i;!(o instanceof Element)||!e.contains(o)||o.hasAttribute(O)||!n(i)||(o.setAttribute(O,"true"),setTimeout(()=>o.removeAttribute(O)))};window.addEventListener("keydown",t,{capture:!0,signal:a})}function He(e){return e.key.startsWith("Arrow")&&!(e.ctrlKey||e.altKey||e.metaKey||e.shiftKey)}var Ae={ok:"proved",open:"not proved",warn:"look here"};function oe(e,a){let n=d("details",{class:"xaiw-check",hidden:!0}),t=d("summary"),i=d("ul",{class:"xaiw-check-items"});n.append(t,i),e.querySelector(".xaiw-facts")?.after(n);let o="",r=s=>{n.open&&!(s.target instanceof Node&&n.contains(s.target))&&(n.open=!1)};return document.addEventListener("pointerdown",r,{signal:a,capture:!0}),n.addEventListener("keydown",s=>{s.key!=="Escape"||!n.open||(n.open=!1,t.focus())}),s=>{if(n.hidden=!s,!s)return;h(t,s.text),g(t,"title",s.text),g(n,"data-level",s.level);let l=JSON.stringify(s.items);l!==o&&(o=l,i.replaceChildren(...s.items.map(je)))}}function je(e){let a=d("li",{"data-level":e.level},d("span",{class:"xaiw-sr"},`${Ae[e.level]??""}: `),e.text);return e.remedy&&a.append(d("code",{},e.remedy)),a}function B(e,a){let n=d("span",{class:"xaiw-said"}),t=d("details",{class:"xaiw-fold"}),i=d("summary"),o=d("pre");t.append(i,o);let r=F(),s=d("span",{class:"xaiw-said"}),l="",x=L("","xaiw-button",()=>a({type:"action",name:l}));return e.append(n,t,r.element,s,x),w=>{e.hidden=!w.level,e.className=`xaiw-strip xaiw-${w.level||"none"}`,g(e,"role",w.level==="error"?"alert":w.level==="note"?"status":null);let c=w.details!=="";n.hidden=c,t.hidden=!c,h(c?i:n,w.text),h(o,w.details),c||(t.open=!1),r.update(w.progress,w.text),s.hidden=!w.right,h(s,w.right),g(s,"title",w.hint||null),g(s,"aria-label",w.hint?`${w.right}: ${w.hint}`:null),g(s,"tabindex",w.hint?"0":null),g(s,"role",w.hint?"note":null),s.classList.toggle("xaiw-hinted",w.hint!==""),x.hidden=!w.action,l=w.action?.name??"",h(x,w.action?.text??"")}}function F(){let e=d("div",{class:"xaiw-progress"}),a=d("span");return e.append(a),g(e,"role","progressbar"),g(e,"aria-valuemin","0"),g(e,"aria-valuemax","100"),{element:e,update(n,t){e.hidden=n===null;let i=Math.round(100*Math.min(1,Math.max(0,n??0)));g(e,"aria-label",t||"progress"),g(e,"aria-valuenow",String(i)),a.style.width=`${i}%`}}}function re(e,a){e.hidden=!a,e.replaceChildren(),a&&e.append(d("div",{class:"xaiw-empty-text"},a.text),d("div",{class:"xaiw-empty-hint"},a.hint))}function se(e){let a=Math.max(0,Math.round(e));return a<100?`${a} s`:a<3600?`${Math.floor(a/60)} min ${a%60} s`:`${Math.floor(a/3600)} h ${Math.floor(a%3600/60)} min`}function le(e,a,n){let t=null,i=performance.now(),o=d("span",{class:"xaiw-run-title"});g(o,"role","heading"),g(o,"aria-level","2");let r=d("span",{class:"xaiw-state"});g(r,"role","status");let[s,l,x]=[d("span"),d("span",{class:"xaiw-step"}),d("span",{class:"xaiw-time"})],w=d("span",{class:"xaiw-facts"});w.append(s,l,x);let c=F(),p=d("span",{class:"xaiw-buttons"});e.append(o,r,w),e.append(c.element,p);let b=qe(p,a),u=()=>{let k=t?.ticking?(performance.now()-i)/1e3:0,H=t?.left==null?"":`, ${se(t.left-k)} left`;h(x,t?.elapsed==null?"":`${se(t.elapsed+k)}${H}`)},v=setInterval(()=>{t?.ticking&&!document.hidden&&u()},1e3);return n.addEventListener("abort",()=>clearInterval(v)),k=>{t=k,i=performance.now(),e.hidden=!t,t&&(h(o,t.title),h(r,t.state),r.dataset.status=t.status,h(s,t.epoch),h(l,t.step),u(),c.update(t.progress,t.epoch),b(t.words))}}function qe(e,a){let n=new Map;return t=>{let i=[];for(let o of t){if(!("action"in o))continue;let r=o.action,s=n.get(r)??L("","xaiw-button",()=>a({type:"action",name:r}));n.set(r,s),h(s,o.text),s.disabled=o.off===!0,g(s,"title",o.label??null),i.push(s)}T(e,i)}}function de(e,a,n){let t=new Map,i=new Map;e.setAttribute("role","group"),e.addEventListener("keydown",r=>Ce(e,r));let o=null;return e.addEventListener("pointerleave",()=>o?.()),{draw(r,s){if(o=null,r&&t.size&&e.matches(":hover")){let c=new Set(r.rows.map(p=>p.key));for(let p of r.rows)t.get(p.key)?.update(p,r,s[p.key]);for(let[p,b]of t)c.has(p)||b.leave();o=()=>this.draw(r,s);return}if(e.hidden=!r||r.rows.length===0,!r)return;let l=e.contains(document.activeElement)?document.activeElement:null;g(e,"aria-label",r.label);let x=new Set(r.rows.map(c=>c.key));for(let c of[...t.keys()])x.has(c)||t.delete(c);let w=new Map;for(let c of r.rows){let p=t.get(c.key)??$e(c.key,r.second,a,n);t.set(c.key,p),p.update(c,r,s[c.key]);let b=c.group??"";w.set(b,[...w.get(b)??[],p.element]),K(i,b).name.style.color=c.color}T(e,[...w.keys()].flatMap(c=>{let p=K(i,c);return c?[p.name,p.list]:[p.list]}));for(let[c,p]of w)T(K(i,c).list,p);l&&l!==document.activeElement&&e.contains(l)&&l.focus({preventScroll:!0})},heat(r){for(let[s,{element:l}]of t)l.classList.toggle("xaiw-hot",s===r)}}}function K(e,a){let n=e.get(a);if(n)return n;let t={name:d("div",{class:"xaiw-group"},a),list:d("ul",{class:"xaiw-rows"})};return a&&t.list.setAttribute("aria-label",a),e.set(a,t),t}function Ce(e,a){let n={ArrowDown:1,ArrowUp:-1}[a.key];if(!n)return;let t=[...e.querySelectorAll(".xaiw-row-main")],i=t.findIndex(r=>r.parentElement?.contains(document.activeElement)),o=t[i+n];o&&(a.preventDefault(),o.focus())}function $e(e,a,n,t){let i=d("li",{class:"xaiw-row"});i.dataset.row=e;let o=L("","xaiw-row-main",()=>{let u=i.classList.contains("xaiw-chosen");for(let v of i.closest(".xaiw-legend")?.querySelectorAll(".xaiw-chosen")??[])v.classList.remove("xaiw-chosen");i.classList.toggle("xaiw-chosen",!u),n({type:"row",key:e,how:"pick"})}),r=d("span",{class:"xaiw-icon"}),s=d("span",{class:"xaiw-text"}),l=d("span",{class:"xaiw-note"}),x=d("span",{class:"xaiw-name"});x.append(s," ",l);let w=d("span",{class:"xaiw-value"}),c=L("",a==="pin"?"xaiw-pin":"xaiw-swatch",()=>n({type:"row",key:e,how:"second"})),p=d("span",{class:"xaiw-bar"});a==="show"?o.append(x,w):o.append(r,x,w),i.append(...a==="show"?[c,o]:a==="pin"?[o,c]:[o],p),i.addEventListener("pointerenter",()=>t(e)),i.addEventListener("pointerleave",()=>t(null)),i.addEventListener("focusin",()=>t(e)),i.addEventListener("focusout",()=>t(null));let b="";return{element:i,leave(){i.classList.add("xaiw-left"),h(w,"left"),g(o,"title","No longer among those shown; the list moves on when the pointer leaves it")},update(u,v,k){i.classList.remove("xaiw-left"),i.classList.toggle("xaiw-chosen",u.selected===!0),i.classList.toggle("xaiw-off",u.hidden===!0),i.style.setProperty("--xw-row",u.color),h(s,u.text),h(l,u.note??""),h(w,u.value),g(o,"aria-pressed",String(u.selected===!0));let H=[u.group,u.text,u.note,u.value&&`${u.value} ${v.unit}`];g(o,"aria-label",H.filter(Boolean).join(", ")),g(o,"title",u.title??null),p.hidden=u.bar===void 0,p.style.setProperty("--xw-length",`${Math.round(100*Math.min(1,Math.max(0,u.bar??0)))}%`);let A=JSON.stringify([k?.length,u.color,u.dash]);A!==b&&(b=A,(a==="show"?c:r).replaceChildren(k&&a!=="show"?Re(k):X(u.color,u.dash))),Pe(c,u,a)}}}function Pe(e,a,n){if(!n)return;let t=n==="pin",i=t?a.pinned===!0:a.hidden!==!0,o=t?i?"Unpin":"Pin":i?"Hide":"Show";g(e,"aria-pressed",String(i)),g(e,"aria-label",`${o} ${a.text}`),g(e,"title",`${o} ${a.text}`),t&&h(e,i?"unpin":"pin")}function Re(e){let a=d("img",{class:"xaiw-thumb"});return a.alt="",e.startsWith("data:image/png;base64,")&&(a.src=e),a}var Ne=14;function We(e){let a=[];for(let n of e.split("M")){let t=[];for(let i of n.replace(/Z/g,"").split("L")){let[o,r]=i.split(",").map(Number);o!==void 0&&r!==void 0&&Number.isFinite(o)&&Number.isFinite(r)&&t.push([o,r])}t.length&&a.push(t)}return a}function ze(e,a,n){let t=1/0;for(let i of e)for(let o=0;o<i.length;o++){let[r,s]=i[Math.max(0,o-1)],[l,x]=i[o],[w,c]=[l-r,x-s],p=w*w+c*c,b=p===0?0:Math.min(1,Math.max(0,((a-r)*w+(n-s)*c)/p));t=Math.min(t,Math.hypot(a-r-b*w,n-s-b*c))}return t}function ce(e,a,n){let i=[...e?.querySelectorAll(".tick")??[]].map(s=>{let l=/translate\(([-+\d.e]+)[ ,]+([-+\d.e]+)\)/.exec(s.getAttribute("transform")??""),x=(s.querySelector("text")?.textContent??"").replace("\u2212","-").replace(/,/g,"");return[Number(l?.[a?2:1]??NaN),x===""?NaN:Number(x)]}).filter(([s,l])=>Number.isFinite(s)&&Number.isFinite(l)),[o,r]=[i[0],i.at(-1)];return!o||!r||o[0]===r[0]?null:o[1]+(n-o[0])*(r[1]-o[1])/(r[0]-o[0])}function xe(e,a,n,t,i){let o=[],r="",s=[],l="",x=d("div",{class:"xaiw-tip"});x.hidden=!0,a.append(x);let w=new WeakMap,c=()=>e.querySelector(".xaiw-plot"),p=()=>[...c()?.querySelectorAll(".svg-figure > g > g:first-of-type > g")??[]],b=(m,f=p())=>m.curve?f[m.curve[0]]?.querySelectorAll(":scope > g.curve")[m.curve[1]]?.querySelector("path.line")??null:null,u=m=>{let f=m.getAttribute("d")??"",y=w.get(m);if(y?.d===f)return y.runs;let S=We(f);return w.set(m,{d:f,runs:S}),S},v=m=>{let y=c()?.querySelector(".plotarea_events")?.getScreenCTM();if(!y)return null;let S=new DOMPoint(m.clientX,m.clientY).matrixTransform(y.inverse());return[S.x,S.y]},k=m=>{let f=null,y=Ne,S=p();for(let q of o){if(q.hidden)continue;let j=b(q,S),R=j?ze(u(j),m[0],m[1]):1/0;R<y&&([f,y]=[q,R])}return f},H=(m,f,y)=>{let S=b(m),j=(S?u(S).flat():[]).reduce((z,J)=>z&&Math.abs(z[0]-f[0])<=Math.abs(J[0]-f[0])?z:J,null),R=c()?.querySelectorAll(".svg-background g.axis"),V=j&&ce(R?.[0],!1,j[0]),_=j&&ce(R?.[1],!0,j[1]),be=[m.text,m.note].filter(Boolean).join(" "),ve=V!==null&&_!==null?`epoch ${Math.round(V)}, ${_.toFixed(2).replace("-0.00","0.00")} ${r}`.trim():"";x.replaceChildren(d("b",{},be),d("span",{},ve)),x.hidden=!1;let W=e.getBoundingClientRect(),ye=Math.min(y.clientX-W.left+12,W.width-x.offsetWidth-6);x.style.left=`${Math.max(6,ye)}px`,x.style.top=`${y.clientY-W.top-x.offsetHeight-10}px`},A=m=>m.target instanceof Element&&!!m.target.closest(".xaiw-plot"),P=()=>{x.hidden||i(null),x.hidden=!0,c()?.classList.remove("xaiw-reach")};e.addEventListener("pointermove",m=>{let f=A(m)?v(m):null,y=f&&k(f);if(!f||!y)return P();c()?.classList.add("xaiw-reach"),i(y.key),H(y,f,m)},{signal:n}),e.addEventListener("pointerleave",P,{signal:n}),e.addEventListener("click",m=>{let f=A(m)?v(m):null,y=f&&k(f);y&&t(y.key)},{signal:n});let E=()=>{let m=c()?.querySelector(".svg-figure");if(!m){n.aborted||setTimeout(E,300);return}m.setAttribute("role","img"),m.setAttribute("aria-label",l);for(let f of c()?.querySelectorAll(".svg-background, canvas")??[])f.setAttribute("aria-hidden","true")};return{rows(m,f,y){[o,r,s]=[m,f,y],s.forEach((S,q)=>e.style.setProperty(`--xw-dash${q}`,S.length?S.join(" "):"none"))},describe(m){l=m,E()},heat(m){c()?.classList.toggle("xaiw-heated",m!==null);for(let y of c()?.querySelectorAll("path.line.xaiw-hot")??[])y.classList.remove("xaiw-hot");let f=m===null?void 0:o.find(y=>y.key===m);f&&b(f)?.classList.add("xaiw-hot")}}}var N="xai_widgets.tab";function Oe(){if(window.xaiWidgetsPage)return window.xaiWidgetsPage;let e=Math.random().toString(36).slice(2,12);try{e=sessionStorage.getItem(N)??e,sessionStorage.removeItem(N),window.addEventListener("pagehide",()=>sessionStorage.setItem(N,e)),window.addEventListener("pageshow",()=>sessionStorage.removeItem(N))}catch(a){console.debug("xai_widgets: a page's name is not kept over a reload:",a)}return window.xaiWidgetsPage={name:e,taken:new Set}}function we(e){let{name:a,taken:n}=Oe(),t=0;for(;n.has(t);)t++;return n.add(t),e.addEventListener("abort",()=>n.delete(t)),`${a}-${t}`}var Ie=1100,Be=820,Fe=18,Ke=400,De={wide:400,narrow:600},Ge={wide:1150,narrow:1500};function Ue(e,a){let n=a.width<Be,t=e!=="auto"?e:n||a.height<Ie?"screen":"grid",i=n?"narrow":"wide";return{layout:t,narrow:n,slim:a.width<Ke,height:Math.round(Math.min(Ge[i],Math.max(De[i],a.height-Fe)))}}function Ve(e){let a=[];for(let t=e.parentElement;t&&t!==document.body;t=t.parentElement){let{overflowY:i}=getComputedStyle(t);(i==="auto"||i==="scroll"||i==="hidden")&&a.push(t)}let n=["0px","6000px"].map(t=>(e.style.setProperty("height",t,"important"),a.map(i=>i.clientHeight)));return e.style.removeProperty("height"),a.find((t,i)=>t.clientHeight>0&&n[0][i]===n[1][i])??null}function pe(e,a,n,t){let i=Ve(e),o=we(t),r="",s=0,l=(c,p)=>{let{width:b,height:u}=p,v=`${c} ${b} ${u}`;v!==r&&n({type:"place",name:o,value:c,width:b,height:u}),r=v},x=()=>{let c={width:Math.round(e.clientWidth),height:Math.round(i?.clientHeight??window.innerHeight)};if(c.width===0||c.height===0)return;if(e.classList.contains("xaiw-elsewhere"))return l("gone",{width:0,height:0});let{layout:p,narrow:b,slim:u,height:v}=Ue(a(),c);e.dataset.layout=p,e.dataset.narrow=String(b),e.dataset.slim=String(u),e.style.setProperty("--xw-screen",`${v}px`),clearTimeout(s),s=window.setTimeout(()=>l(p,c),150)},w=new ResizeObserver(x);return w.observe(e),i?w.observe(i):window.addEventListener("resize",x,{signal:t}),t.addEventListener("abort",()=>{w.disconnect(),clearTimeout(s),l("gone",{width:0,height:0})}),x(),x}var ue=`.xaiw {
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
.xaiw .jupyter-widgets.xaiw-panel.xaiw-alone { align-content: start; grid-template: "head" auto "tools" auto "plot" auto "strip" auto / minmax(0, 1fr); }
.xaiw-head { grid-area: head; display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; margin-bottom: 6px; }
.xaiw-title, .xaiw-run-title { font-weight: 600; }
.xaiw-words, .xaiw-tools { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 5px; color: var(--xw-quiet); }
.xaiw-tools { grid-area: tools; position: relative; gap: 2px 8px; margin-bottom: 8px; }
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
.xaiw-comma { width: 0; margin-left: -5px; }
.xaiw .xaiw-comma + * { margin-left: 4px; }
.xaiw-pair { display: inline-flex; gap: 8px; align-items: baseline; margin-right: 6px; min-width: 0; }
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
[data-layout="grid"] .xaiw-tab-map .xw-map { min-height: 100%; }
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
.xaiw-buttons { display: flex; flex-wrap: wrap; gap: 4px 8px; margin-left: auto; }

.xaiw-word.xaiw-listed { position: static; }
.xaiw-several summary { cursor: pointer; list-style: none; white-space: nowrap; }
.xaiw-several summary::-webkit-details-marker { display: none; }
.xaiw-list {
  position: absolute; z-index: 7; left: 0; top: 100%; width: max-content; max-width: 100%; max-height: 40vh; overflow: auto; margin-top: 4px; padding: 6px 12px;
  display: grid; grid-template-columns: repeat(auto-fit, minmax(16ch, 1fr)); gap: 2px 18px; border: 1px solid var(--xw-edge); border-radius: 8px; background: var(--xw-ground); color: var(--xw-text);
}
.xaiw-list label { display: flex; gap: 6px; align-items: center; cursor: pointer; overflow-wrap: anywhere; }
.xaiw-list input { margin: 0; accent-color: var(--xw-accent); }

/* saliency */
.xaiw-next { grid-area: plot; align-self: start; z-index: 2; background: var(--xw-ground); line-height: 1.45; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.xaiw .xaiw-awaits .xaiw-sample canvas { opacity: .3; }
.xaiw-awaits .xaiw-empty { visibility: hidden; }
.xaiw .jupyter-widgets.xaiw-controls { grid-area: controls; display: flex; flex-flow: row wrap; gap: 0 22px; margin-bottom: 2px; }
.xaiw .jupyter-widgets.xaiw-panel.xaiw-saliency { grid-template: "head" auto "controls" auto "tools" auto "plot" auto "strip" auto "rest" 1fr / minmax(0, 1fr); }
.xaiw .jupyter-widgets.xaiw-samples { grid-area: plot; display: flex; flex-direction: column; gap: 10px; min-height: 140px; }
.xaiw .jupyter-widgets.xaiw-sample { display: grid; grid-template-columns: repeat(var(--xw-columns, 6), minmax(0, 1fr)); gap: 4px 7px; max-width: calc(var(--xw-columns, 6) * 170px); }
/* one sample is shown large: the picture, the overlay and the best mask at twice the size of the others */
.xaiw .xaiw-samples.xaiw-single .jupyter-widgets.xaiw-sample { grid-template: auto minmax(0, 2fr) minmax(0, 1.15fr) / repeat(6, minmax(0, 1fr)); grid-auto-rows: minmax(0, 1.15fr); max-width: 720px; }
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
.xaiw .xaiw-cell::after { content: attr(data-title); overflow-wrap: anywhere; }

/* one screen: what was chosen stays in sight, the views that one chooses from lie behind tabs */
.xaiw-tabs { display: none; container: xaiw-tabs / inline-size; }
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
.xaiw.xaiw-dashboard[data-layout="screen"][data-slim="true"] { height: auto; }
[data-layout="screen"][data-slim="true"] > .xaiw-grid.jupyter-widgets { flex: none; grid-template: "answer" auto "tabs" auto "view" 440px / minmax(0, 1fr); }
[data-layout="screen"][data-slim="true"] .xaiw-samples.jupyter-widgets { height: 250px; }
[data-layout="screen"] .xaiw-tabs { grid-area: tabs; display: flex; flex-wrap: wrap; gap: 4px; min-width: 0; }
.xaiw .xaiw-tab {
  all: unset; flex: 1 1 auto; min-width: 0; cursor: pointer; padding: 3px 10px; border-radius: 8px; border: 1px solid transparent; color: var(--xw-quiet);
}
.xaiw .xaiw-tab:hover { background: var(--xw-row-ground); }
.xaiw .xaiw-tab[aria-selected="true"] { border-color: var(--xw-edge); background: var(--xw-ground); box-shadow: inset 0 -2px 0 var(--xw-accent); }
.xaiw-tab-line { display: flex; gap: 8px; align-items: baseline; white-space: nowrap; overflow: hidden; }
.xaiw-tab-title { flex: none; font-weight: 600; color: var(--xw-text); }
.xaiw-tab-text { display: block; width: 0; min-width: 100%; font-size: 12px; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.xaiw-news { flex: 1 1 0; width: 0; min-width: 0; font-size: 12px; color: var(--xw-accent); overflow: hidden; text-overflow: ellipsis; }
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
[data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-cell { container: xaiw-cell / size; min-height: 0; }
[data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-cell:not(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { font-size: 11px; }
[data-layout="screen"] .xaiw-single .xaiw-cell::after { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
[data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) canvas { max-height: calc(100cqh - 18px); object-fit: contain; object-position: left top; background: none; }
[data-layout="screen"] [data-folded="true"].xaiw-saliency > .xaiw-controls, [data-layout="screen"] [data-folded="true"].xaiw-saliency > .xaiw-front > .xaiw-tools { display: none; }
[data-layout="screen"] .xaiw-saliency .xaiw-settings { margin-left: auto; }
[data-layout="screen"] .xaiw-saliency .xaiw-words { order: 1; }
[data-layout="screen"] .xaiw-run { padding-bottom: 6px; }
[data-layout="screen"][data-narrow="true"] .xaiw-run { gap: 2px 12px; }
[data-layout="screen"][data-narrow="true"] .xaiw-run::before { content: ""; order: 1; flex: 0 0 100%; }
[data-layout="screen"][data-narrow="true"] .xaiw-run > :is(.xaiw-progress, .xaiw-buttons, .xaiw-open, .xaiw-beside) { order: 2; }
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
/* half of a grid has more height than width for one sample */
@container xaiw-view (min-width: 431px) and (max-width: 640px) {
  [data-layout="grid"] .xaiw-samples.xaiw-single:not(.xaiw-small, .xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto / repeat(4, minmax(0, 1fr)); grid-auto-rows: auto; }
  [data-layout="grid"] .xaiw-samples.xaiw-single:not(.xaiw-small, .xaiw-large) .jupyter-widgets:is(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { grid-area: span 2 / span 2; }
}
/* where there are many tabs: a dot where something is new, and the titles alone; a pointer that rests on one reads the rest */
@container xaiw-tabs (max-width: 760px) {
  [data-many="true"] .xaiw-tab-line { gap: 5px; }
  [data-many="true"] .xaiw-news { flex: none; width: 6px; font-size: 0; line-height: 1; }
  [data-many="true"] .xaiw-news::before { margin: 0; }
}
@container xaiw-tabs (max-width: 520px) {
  [data-many="true"] > .xaiw-tab { padding: 3px 5px; text-align: center; }
  [data-many="true"] .xaiw-tab-line { justify-content: center; }
  [data-many="true"] .xaiw-tab-text { position: absolute; clip-path: inset(50%); }
}
@media (prefers-reduced-motion: reduce) {
  .xaiw *, .xaiw *::after { transition: none !important; }
}
@container xaiw-samples (min-aspect-ratio: 21/10) {
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto repeat(3, minmax(0, 1fr)) / repeat(3, minmax(0, 2.4fr)) minmax(60px, 1fr); height: 100%; max-width: none; }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-cell { grid-column: 4; }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets:is(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { grid-column: auto; grid-row: 2 / -1; }
}
@container xaiw-samples (min-aspect-ratio: 21/10) and (max-height: 185px) {
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto repeat(2, minmax(0, 1fr)) / repeat(3, minmax(0, 2.4fr)) repeat(2, minmax(54px, 1fr)); }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-cell:not(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { grid-column: auto; font-size: 10px; }
}
@container xaiw-samples (min-aspect-ratio: 21/10) and (max-height: 140px) {
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto minmax(0, 1fr) / repeat(3, minmax(0, 2fr)) repeat(3, minmax(0, 1.2fr)); }
}
@container xaiw-samples (max-aspect-ratio: 6/5) {
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets.xaiw-sample { grid-template: auto repeat(4, minmax(0, 1fr)) / repeat(4, minmax(0, 1fr)); height: min(100%, 100cqw + 84px); }
  [data-layout="screen"] .xaiw-samples.xaiw-single:not(.xaiw-large) .jupyter-widgets:is(.xaiw-cell-input, .xaiw-cell-overlay, .xaiw-best) { grid-area: span 2 / span 2; }
}
`;function D(e){let a=e instanceof ShadowRoot?e:document.head;if(a.querySelector("style[data-xaiw]"))return;let n=document.createElement("style");n.setAttribute("data-xaiw",""),n.textContent=ue,a.append(n)}function G(e,a,n){a.forEach(([t,i],o)=>e.style.setProperty(`--xw-s${o}`,n?i:t))}function ge(e,a,n){let t=new Map,i=Math.random().toString(36).slice(2,8);g(e,"role","tablist"),g(e,"aria-label","Views");let o=r=>{a.dataset.tab=r;for(let[s,{element:l}]of t)me(l,s===r);n({type:"tab",name:r})};return e.addEventListener("keydown",r=>Ye(e,r)),(r,s)=>{a.dataset.tab=s,g(e,"data-many",String(r.length>3));for(let l of r){let{element:x,title:w,text:c,news:p}=t.get(l.name)??Je(l.name,o,t);h(w,l.title),h(c,l.text),h(p,l.news),p.hidden=l.news==="",g(x,"title",[l.title,l.text,l.news].filter(Boolean).join(", ")),me(x,l.name===s);let b=a.querySelector(`.xaiw-tab-${l.name}`);b&&(b.id||=`xaiw-${i}-${l.name}`,g(x,"aria-controls",b.id))}T(e,r.map(l=>t.get(l.name).element))}}function Je(e,a,n){let t=L("","xaiw-tab",()=>a(e)),[i,o,r]=[d("span",{class:"xaiw-tab-title"}),d("span",{class:"xaiw-tab-text"}),d("span",{class:"xaiw-news"})];t.append(d("span",{class:"xaiw-tab-line"},i,r),o),g(t,"role","tab"),g(t,"data-tab",e);let s={element:t,title:i,text:o,news:r};return n.set(e,s),s}function me(e,a){g(e,"aria-selected",String(a)),g(e,"tabindex",a?"0":"-1")}function Ye(e,a){let n={ArrowRight:1,ArrowLeft:-1}[a.key];if(!n)return;let t=[...e.querySelectorAll(".xaiw-tab")],i=t.findIndex(r=>r===document.activeElement),o=t[(i+n+t.length)%t.length];i<0||!o||(a.preventDefault(),o.focus(),o.click())}function U(e,a){let n=new Map;return t=>{let i=new Map,o=t.flatMap(Xe).map((x,w)=>{let c=`${w} ${JSON.stringify(x)}`,p=n.get(c)??Ze(x,a);return i.set(c,p),p}),s=(e.contains(document.activeElement)?document.activeElement:null)?.getAttribute("data-word"),l=[...e.querySelectorAll("details[open]")].map(x=>x.getAttribute("data-list"));T(e,o);for(let x of e.querySelectorAll("details"))l.includes(x.getAttribute("data-list"))&&(x.open=!0);n=i,s&&!e.contains(document.activeElement)&&[...e.querySelectorAll("[data-word]")].find(w=>w.getAttribute("data-word")===s)?.focus({preventScroll:!0})}}function Xe(e){if("options"in e||"action"in e||!e.text.startsWith(","))return[e];let a=e.text.slice(1).trim();return[{text:","},...a?[{text:a}]:[]]}function Ze(e,a){if("action"in e)return tt(e,a);if(!("options"in e))return d("span",{class:e.text===","?"xaiw-said xaiw-comma":"xaiw-said"},e.text);let n="chosen"in e?et(e,a):Qe(e,a);return e.before?d("span",{class:"xaiw-pair"},d("span",{class:"xaiw-said"},e.before),n):n}function Qe(e,a){let n=d("span",{class:"xaiw-word"}),t=d("select");t.setAttribute("aria-label",e.label),t.setAttribute("data-word",e.name),t.title=e.label;let i=e.value;for(let[r,s]of e.options){let l=d("option",{},s);l.value=r,l.selected=r===e.value,l.selected&&(i=s),t.append(l)}let o=d("span",{class:"xaiw-shown"},i);return o.setAttribute("aria-hidden","true"),t.addEventListener("change",()=>{o.textContent=t.selectedOptions[0]?.textContent??t.value,a({type:"word",name:e.name,value:t.value})}),n.append(o,t),n}function et(e,a){let n=d("summary",{"aria-label":`${e.label}: ${e.text}`,title:e.label,"data-word":e.name},e.text),t=d("span",{class:"xaiw-list",role:"group","aria-label":e.label}),i=d("details",{class:"xaiw-several","data-list":e.name},n,t);for(let[r,s]of e.options){let l=d("input",{type:"checkbox","data-word":`${e.name} ${r}`});l.checked=e.chosen.includes(r),l.addEventListener("change",()=>a({type:"word",name:e.name,value:r})),t.append(d("label",{},l,d("span",{},s)))}i.addEventListener("keydown",r=>{r.key!=="Escape"||!i.open||(i.open=!1,n.focus())});let o=r=>{i.isConnected&&r.target instanceof Node&&i.contains(r.target)||(i.open=!1,document.removeEventListener("pointerdown",o,!0))};return i.addEventListener("toggle",()=>{i.open?document.addEventListener("pointerdown",o,!0):document.removeEventListener("pointerdown",o,!0)}),i.addEventListener("focusout",({relatedTarget:r})=>{r instanceof Node&&i.isConnected&&!i.contains(r)&&!r.contains(i)&&(i.open=!1)}),d("span",{class:"xaiw-word xaiw-listed"},i)}function tt(e,a){let n=L(e.text,"xaiw-press",()=>a({type:"action",name:e.action}),e.label);return n.disabled=e.off===!0,n.setAttribute("data-word",e.action),n}function at(e){let a=e.match(/[\d.]+/g)?.map(Number);if(!a||a.length<3||a.length>3&&a[3]<.5)return null;let n=e.startsWith("color(")?1:255,[t,i,o]=a.map(r=>r/n);return .2126*t+.7152*i+.0722*o}function it(e){let a=e.parentElement;for(;a;){let n=at(getComputedStyle(a).backgroundColor);if(n!==null)return n<.5;let t=a.getRootNode();a=a.parentElement??(t instanceof ShadowRoot?t.host:null)}return matchMedia("(prefers-color-scheme: dark)").matches}var nt=e=>e instanceof HTMLStyleElement||e instanceof HTMLLinkElement&&e.rel==="stylesheet",ot=e=>e.some(a=>[...a.addedNodes,...a.removedNodes].some(nt));function rt(e,a){let n=[],t=()=>{n.forEach(clearTimeout),n=[0,60,250,700,1500].map(s=>window.setTimeout(e,s))},i=new MutationObserver(t),o=new MutationObserver(s=>void(ot(s)&&t())),r={attributes:!0,attributeFilter:["class","style","data-theme","data-jp-theme-name","data-jp-theme-light"]};i.observe(document.documentElement,r),i.observe(document.body,r),o.observe(document.head,{childList:!0}),matchMedia("(prefers-color-scheme: dark)").addEventListener("change",t,{signal:a}),a.addEventListener("abort",()=>{i.disconnect(),o.disconnect(),n.forEach(clearTimeout)}),t()}function fe(e,a,n){let t=null,i=()=>{let o=e.isConnected?it(e):t;o===null||o===t||(t=o,e.classList.toggle("xaiw-dark",o),n(o))};rt(i,a),i()}var st=560;function M(e,a,n,t){t();for(let i of n)e.on(`change:${i}`,t),a.addEventListener("abort",()=>e.off(`change:${i}`,t))}function lt({model:e,el:a}){D(document);let n=new AbortController,{signal:t}=n,i=s=>e.send(s),o=()=>i({type:"beat",name:String(e.get("beat"))});e.on("change:beat",o),t.addEventListener("abort",()=>e.off("change:beat",o));let r=e.get("kind");return r==="header"?dt(e,a,i,t):r==="tabs"?ct(e,a,i,t):xt(e,a,i,t),r==="tabs"?()=>n.abort():($(a,".xaiw",t,s=>{D(s.getRootNode());let l=!1,x=!0;fe(s,t,c=>{l=c,G(s,e.get("palette"),l),i({type:"view",dark:l,ratio:window.devicePixelRatio||1,fresh:x}),x=!1});let w=()=>G(s,e.get("palette"),l);e.on("change:palette",w),t.addEventListener("abort",()=>e.off("change:palette",w))}),()=>n.abort())}function dt(e,a,n,t){let i=d("div",{class:"xaiw-run"}),o=d("div",{class:"xaiw-strip"});a.append(i,o);let r=le(i,n,t),s=oe(i,t),l=B(o,n);M(e,t,["run"],()=>r(e.get("run"))),M(e,t,["check"],()=>s(e.get("check"))),M(e,t,["strip"],()=>l(e.get("strip"))),he(e,a,i,n,t),$(a,".xaiw-dashboard",t,x=>{let w=pe(x,()=>e.get("arrangement"),n,t);M(e,t,["arrangement"],w)})}function he(e,a,n,t,i){if(!e.get("beside"))return;let o=n.classList.contains("xaiw-run")?"xaiw-button":"xaiw-press",r=L("Open beside",`${o} xaiw-open`,()=>t({type:"action",name:"beside"}),"");r.title="Show it in a pane of its own beside the notebook";let s=d("span",{hidden:!0});n.append(r,s),$(a,".xaiw",i,l=>{let x=Q(l,s,()=>e.get("beside"),i);e.on("change:beside",x),i.addEventListener("abort",()=>e.off("change:beside",x))})}function ct(e,a,n,t){let i=d("div",{class:"xaiw-tabs"});I(i,t),a.append(i),$(a,".xaiw-dashboard",t,o=>{let r=ge(i,o,n);M(e,t,["tabs","tab"],()=>r(e.get("tabs"),e.get("tab")))})}function xt(e,a,n,t){let i=d("div",{class:"xaiw-head"}),o=d("span",{class:"xaiw-title"});o.setAttribute("role","heading"),o.setAttribute("aria-level","3");let r=d("span",{class:"xaiw-words"});i.append(o,r),he(e,a,i,n,t);let s=d("div",{class:"xaiw-tools"}),l=d("div",{class:"xaiw-legend"}),x=d("div",{class:"xaiw-empty"}),w=d("div",{class:"xaiw-strip"}),c=d("div",{class:"xaiw-tips"});a.append(i,s,l,x,w,c);let p=null,b=E=>{let m=e.get("legend")?.second==="pin"?e.get("legend").rows:[],f=E.type==="row"&&E.how==="pick"?m.find(y=>y.key===E.key):void 0;f&&!f.selected&&te(a,{text:f.text,note:f.note??""}),n(E)},u=E=>{v.heat(E),p?.heat(E)},v=de(l,b,u),k=()=>{let E=e.get("legend");v.draw(E,e.get("thumbs")),p?.rows(E?.rows??[],E?.unit??"",e.get("dashes"))},H=U(r,n),A=U(s,n),P=B(w,n);M(e,t,["head"],()=>{o.textContent=e.get("head").title,H(e.get("head").words)}),M(e,t,["tools"],()=>{s.hidden=e.get("tools").length===0,A(e.get("tools"))}),M(e,t,["legend","thumbs"],k),M(e,t,["strip"],()=>P(e.get("strip"))),M(e,t,["empty"],()=>re(x,e.get("empty"))),$(a,".xaiw-panel",t,E=>{E.setAttribute("role","region"),E.setAttribute("aria-label",e.get("head").title),pt(E,t),I(E,t),E.classList.contains("xaiw-saliency")&&(wt(E,i,t),M(e,t,["summary"],ae(E,a,()=>e.get("summary"),t))),p=xe(E,c,t,f=>b({type:"row",key:f,how:"pick"}),u),k(),M(e,t,["summary"],()=>p?.describe(e.get("summary")))})}function wt(e,a,n){let t=L("Settings","xaiw-press xaiw-settings",()=>{});a.append(t),ne(e,t,"settings",()=>!!e.closest('[data-layout="screen"]')&&e.clientHeight<st,n)}function pt(e,a){let n=()=>{for(let i of e.querySelectorAll(".widget-slider")){let o=i.querySelector(".widget-label")?.textContent??"";for(let r of i.querySelectorAll(".noUi-handle, .widget-readout"))r.getAttribute("aria-label")!==o&&r.setAttribute("aria-label",o)}},t=new MutationObserver(n);t.observe(e,{childList:!0,subtree:!0}),a.addEventListener("abort",()=>t.disconnect()),n()}var oa={render:lt};export{oa as default};
