# Fechas e importes.

date = { $day } de { $month } de { $year }
money = { $number } { $currency }
number = Números
    .group = .
    .point = ,
month-1 = enero
month-2 = febrero
month-3 = marzo
month-4 = abril
month-5 = mayo
month-6 = junio
month-7 = julio
month-8 = agosto
month-9 = septiembre
month-10 = octubre
month-11 = noviembre
month-12 = diciembre

# El programa.

problem-already-enrolled = Ya inscrito
    .detail = Ya hay una inscripción en vigor.
    .prg-4 = Una organización es socia o afiliada, nunca ambas a la vez: termine primero la otra inscripción.
problem-backup-not-movable = Las copias se quedan donde están
    .detail = Una unidad de copia de seguridad, o sus copias, no puede pasar a otra cuenta. Cree allí una nueva y deje que se llene.
problem-not-in-this-state = No es posible en este estado
    .detail = El estado es «{ $state }»: lo que quiere no es posible ahora.
problem-quota-exceeded = Cuota superada
    .detail = Las cuotas de las unidades no superan juntas la del producto: quedan { $left }.
fault-at-least-one = Indique al menos uno de { $names }.
fault-commitment-required = Este compromiso es obligatorio.
fault-company-required = Solo puede inscribirse una empresa registrada.
fault-language = No es un código de idioma ISO 639-1.
fault-malformed-number = Un número de este registro no se escribe así.
fault-not-managed = Esta organización no es un cliente gestionado.
fault-other-register = Este registro es el de { $country }.
fault-terms-outdated = Las condiciones en vigor son la versión { $version }: acepte estas.
fault-website-not-confirmed = Apruebe solo lo que ha visto: confirme que el sitio está en línea.
fault-wrong-check-digit = El dígito de control es incorrecto: ese número no existe.
commitment-customer-support = El socio atiende a sus clientes, o los productos que gestiona.
commitment-invoice-liability = El socio responde de las facturas de sus clientes, o de lo que gestiona.
commitment-tender-exclusivity = El socio solo emplea productos del operador en los contratos ganados por licitación.
benefit-domain-tariffs = Tarifas de revendedor en extensiones de dominio
benefit-theme-and-plugin-packs = Paquetes de temas y complementos
benefit-technical-teams = Acceso preferente a los equipos técnicos
benefit-cashback-and-discounts = Reembolso por lo que piden los clientes, descuentos en lo que paga el socio
benefit-directory = Una página en el directorio público
benefit-tenders = Peticiones de ayuda de clientes y visitantes
benefit-rebilling = Refacturación de lo que el socio paga por sus clientes
benefit-lack-not-enrolled = No está inscrito.
benefit-lack-not-decided = Su inscripción aún no está decidida.
benefit-lack-rejected = Su inscripción fue rechazada.
benefit-lack-suspended = Su condición de socio está suspendida.
benefit-lack-ended = Su condición de socio ha terminado.
benefit-lack-not-listed = No ha elegido figurar en el directorio.
benefit-lack-nothing-to-rebill = No tiene ningún cliente con acceso completo por el que pague.
mail-enrolment-inquiring = Una pregunta sobre su inscripción
    .text = La inscripción de { $recipient } en el programa de socios vuelve con una pregunta: { $reason }
mail-enrolment-approved = Bienvenidos al programa de socios
    .text = { $recipient } ya es socio. { $reason }
mail-enrolment-rejected = Su inscripción fue rechazada
    .text = La inscripción de { $recipient } en el programa de socios fue rechazada: { $reason }
mail-partner-suspended = Su condición de socio está suspendida
    .text = La condición de socio de { $recipient } está suspendida: { $reason } Hasta que se restablezca, no accede a ningún cliente ni gana nada.
mail-partner-reinstated = Su condición de socio está restablecida
    .text = { $recipient } vuelve a ser socio, con todas sus colaboraciones. { $reason }
mail-partner-ended = Su condición de socio ha terminado
    .text = { $recipient } ya no es socio, y sus colaboraciones han terminado. { $reason }
# Registros: rechazos y faltas.

problem-already-booked = Ya registrado
    .detail = Este pedido se hizo aquí y por eso ya está registrado.
problem-already-renewed = Ya renovado
    .detail = Este producto ya está pagado para ese período.
problem-external-id-reused = Identificador externo reutilizado
    .detail = Con este identificador externo se comunicó otro contenido.
fault-above-ceiling = Es más que el descuento de socio más alto, { $max }.
fault-above-list-price = El precio de socio no supera el precio de lista.
fault-in-the-future = Esta fecha está en el futuro.
fault-more-than-charged = Es más de lo que queda del importe cobrado.
fault-not-active = Este producto ya no está activo.
fault-not-ascending = Las cantidades mínimas empiezan en 1 y suben, y las tasas nunca bajan.
fault-not-automatic = Solo una renovación es automática.
fault-not-entitled = Nada autorizaba entonces al socio a pedir o a renovar.
fault-not-next = No es el próximo período del producto, que empieza el { $next }.
fault-not-positive = Debe ser más que nada.
fault-not-refundable = Solo se reembolsan pedidos y renovaciones.
fault-not-the-products = El producto tiene otro.
fault-taken = Otro ya lo tiene.

# Cómo se explica un evento de facturación.

step-list-price = { $quantity } unidades al precio de lista suman { $amount }.
step-public-price = El pagador tiene en total { $units } unidades de esta familia, lo que descuenta { $rate }: el precio público es { $amount }.
step-partner-discount = Primero viene el descuento de socio de { $rate }: { $amount }.
step-partner-price = Con el descuento por volumen de { $rate } sobre el resto, el precio de socio es { $amount }.
step-cashback = El socio gana como cashback la diferencia con el precio público: { $amount }.
step-discount = El socio se ahorra la diferencia con el precio público: { $amount }.
step-charged = Al pagador se le cobran { $amount }.
step-refunded = Se han devuelto { $amount } del importe cobrado.
settlement-none-customer = Sin una colaboración en vigor el cliente paga el precio público y nadie gana.
settlement-limited-customer-managed = El cliente pidió un producto que gestiona un socio con acceso limitado: paga el precio público y ese socio gana cashback.
settlement-limited-customer-unmanaged = El cliente pidió un producto que ningún socio gestiona: paga el precio público y nadie gana.
settlement-full-customer-customer = El cliente pidió con acceso completo: paga el precio público y el socio gana cashback.
settlement-full-customer-partner = El socio pidió en el modo de pago «cliente»: el cliente paga el precio público y el socio gana cashback.
settlement-full-partner-customer = El cliente pidió por sí mismo en el modo de pago «socio»: paga el precio público y el socio gana cashback.
settlement-full-partner-partner = El socio pidió en el modo de pago «socio»: paga el precio de socio y no gana cashback.
no-earning-not-managed = Este socio no gestiona el producto.
no-earning-paid-itself = Este socio pagó por sí mismo y tiene el descuento en lugar del cashback.
no-earning-suspended = Este socio estaba suspendido.

# Renovaciones.

mail-renewals-fell-back = Renovaciones vuelven al cliente
    .text = Estas renovaciones de { $customer } ya no son de { $partner } y no ocurren por sí solas hasta que { $customer } las confirme con un medio de pago: { $products }.
mail-renewal-failed = Una renovación ha fallado
    .text = La renovación automática de { $product } para { $customer } ha fallado. Se intentará de nuevo; sin pago, el producto termina el { $until }.

# Etiquetas de las palabras.

label-currency = Monedas
    .chf = Franco suizo
    .eur = Euro
label-language = Idiomas
    .en = Inglés
    .fr = Francés
    .de = Alemán
    .it = Italiano
    .es = Español
label-organization-kind = Tipos de organizaciones
    .company = Empresa
    .person = Particular
label-role = Funciones
    .legal-representative = Representante legal
    .administrator = Administrador
    .collaborator = Colaborador
    .external = Usuario externo
label-access-level = Niveles de acceso
    .limited = Acceso limitado
    .full = Acceso completo
label-payment-mode = Modos de pago
    .customer = Paga el cliente
    .partner = Paga el socio
label-invitation-status = Estados de una invitación
    .pending = Pendiente
    .accepted = Aceptada
    .declined = Rechazada
    .cancelled = Cancelada
    .expired = Caducada
    .superseded = Reemplazada
label-enrolment-state = Estados de una inscripción
    .submitted = Presentada
    .inquiring = Devuelta con preguntas
    .approved = Aprobada
    .rejected = Rechazada
    .suspended = Suspendida
    .ended = Terminada
label-product-state = Estados de un producto
    .active = Activo
    .expired = Caducado
    .cancelled = Cancelado
label-period = Períodos de facturación
    .monthly = Mensual
    .yearly = Anual
label-billing-event-kind = Tipos de eventos de facturación
    .order = Pedido
    .renewal = Renovación
    .refund = Reembolso
label-invoice-status = Estados de una factura
    .open = Abierta
    .paid = Pagada
    .failed = Fallida

warning-second-backup = Esta organización ya tiene un producto de copia de seguridad: uno basta para todos los clientes, cada uno como una unidad suya.
